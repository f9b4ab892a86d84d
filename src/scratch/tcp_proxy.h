// A proxy between a PostgreSQL client and its server that cuts connections where a test wants it.
//
// Listens on 127.0.0.1 and passes on whole messages of the protocol, so that a policy can look at each before it is
// forwarded. Understands the framing and nothing else; TLS is refused by the server behind it.
// Threads    One of its own, which calls the policy. All functions may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "blotter/result.h"

namespace blotter::scratch {

enum class Direction : std::uint8_t { to_server, to_client };

struct WireMessage {
  Direction direction = Direction::to_server;
  char type = 0;  // 0: a start packet, which has none
  std::string_view body;
  std::uint64_t connection = 0;  // counted from 1

  bool is_commit() const;  // as simple Query or as Parse
};

enum class Verdict : std::uint8_t {
  pass,
  cut,             // neither this message nor anything after it arrives
  swallow_answer,  // this message arrives; the connection is cut when the server answers it
  drop_last_row,   // of a binary COPY: the message arrives without its last row and whatever follows that
  drop,            // this message alone is lost
  stall,           // nothing passes in either direction until release()
};

class TcpProxy {
 public:
  using Policy = std::function<Verdict(const WireMessage&)>;

  // `socket_path` is the Unix socket of the server. Errc: unavailable.
  static Result<std::unique_ptr<TcpProxy>> start(const std::string& socket_path);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::string url(const std::string& database, const std::string& user = "postgres") const;
  int port() const { return port_; }

  // Nothing: everything passes.
  void set_policy(Policy policy);
  // Once: cuts when so many more bytes, of all connections together, have passed in that direction. The byte after them
  // does not arrive.
  void cut_after(Direction direction, std::uint64_t bytes);
  // Takes back a cut that has not happened; whether there was one.
  bool cancel_cut();
  void cut_all();
  void release();
  // While set, connections are accepted and closed at once.
  void refuse(bool all) { refuse_ = all; }

  std::uint64_t bytes(Direction direction) const { return bytes_[static_cast<std::size_t>(direction)]; }
  std::uint64_t cuts() const { return cuts_; }
  std::uint64_t connections() const { return connections_; }

 private:
  class Connection;
  TcpProxy(int listener, int port, int wake, std::string socket_path);
  void run();
  void accept_one();
  void wake() const;
  Verdict judge(const WireMessage& message);
  // How many of `size` bytes may pass.
  std::size_t let_pass(Direction direction, std::size_t size);

  const int listener_;
  const int port_;
  const int wake_;
  const std::string socket_path_;
  std::vector<std::unique_ptr<Connection>> open_;  // of the thread alone
  std::atomic<std::uint64_t> bytes_[2]{};
  std::atomic<std::uint64_t> cuts_{0};
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> refuse_{false};
  std::atomic<bool> cut_all_{false};
  std::atomic<bool> release_{false};
  std::mutex mutex_;  // guards the policy and the cut that is ordered
  Policy policy_;
  bool cut_ordered_ = false;
  Direction cut_direction_ = Direction::to_server;
  std::uint64_t cut_in_ = 0;
  std::thread thread_;
};

}  // namespace blotter::scratch
