#include "scratch/tcp_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace blotter::scratch {
namespace {

constexpr std::uint32_t kProtocol3 = 196'608;
constexpr std::uint32_t kTlsRequest = 80'877'103;
constexpr std::uint32_t kGssRequest = 80'877'104;
constexpr std::size_t kPendingMax = 1u << 20;

std::uint32_t big_endian32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string as_big_endian32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

// Where the last row of a message of a binary COPY begins; nothing when it has no row. Rows may not cross messages.
std::optional<std::size_t> last_row_of(std::string_view copy) {
  constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
  std::size_t at = 0;
  if (copy.starts_with(kSignature)) {
    if (copy.size() < 19) return std::nullopt;
    at = 19 + big_endian32(copy.substr(15));
  }
  std::optional<std::size_t> last;
  while (at + 2 <= copy.size()) {
    const int fields = static_cast<unsigned char>(copy[at]) << 8 | static_cast<unsigned char>(copy[at + 1]);
    if (fields == 0xffff) break;  // the end of the data
    last = at;
    at += 2;
    for (int field = 0; field < fields && at + 4 <= copy.size(); ++field) {
      const std::uint32_t size = big_endian32(copy.substr(at));
      at += 4 + (size == 0xffff'ffff ? 0 : size);
    }
  }
  return last;
}

bool is_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() && ::strncasecmp(text.data(), word.data(), word.size()) == 0;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return handle;
  ::close(handle);
  return -1;
}

}  // namespace

bool WireMessage::is_commit() const {
  if (direction != Direction::to_server) return false;
  std::string_view text = body;
  if (type == 'P') {
    text.remove_prefix(std::min(text.find('\0') + 1, text.size()));  // the statement's name
  } else if (type != 'Q') {
    return false;
  }
  return is_word(text.substr(0, text.find('\0')), "COMMIT");
}

// One client and its way to the server. Each half collects what it reads, and passes on message by message.
class TcpProxy::Connection {
 public:
  Connection(TcpProxy& proxy, int client, int server, std::uint64_t number) : proxy_(proxy), number_(number) {
    handles_[0] = client;
    handles_[1] = server;
    for (const int handle : handles_) ::fcntl(handle, F_SETFL, ::fcntl(handle, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() {
    for (const int handle : handles_) ::close(handle);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // [0] the client, [1] the server.
  void poll_for(pollfd* polls) const {
    for (std::size_t i = 0; i < 2; ++i) {
      short events = 0;
      if (!stalled_ && out_[1 - i].size() < kPendingMax) events |= POLLIN;
      if (!out_[i].empty()) events |= POLLOUT;
      // An end of the connection is not to be heard of while it stalls.
      polls[i] = {events == 0 ? -1 : handles_[i], events, 0};
    }
  }

  // False when it is over.
  bool serve(const pollfd* polls) {
    for (std::size_t i = 0; i < 2; ++i) {
      // A hang-up is read to its end first, unless it stalls: then it is over at the release.
      if (!stalled_ && (polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !read_from(i)) return false;
    }
    return flush();
  }

  bool release() {
    if (!std::exchange(stalled_, false)) return true;
    for (std::size_t i = 0; i < 2; ++i) {
      if (!forward(i)) return cut();
    }
    return flush();
  }

  // Always false, for the callers' convenience: it is over. Every other one ends with a reset instead of an end.
  bool cut() {
    flush();
    if (number_ % 2 == 0) {
      const linger at_once{1, 0};
      ::setsockopt(handles_[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ++proxy_.cuts_;
    return false;
  }

 private:
  bool read_from(std::size_t side) {
    char buffer[65'536];
    const ssize_t size = ::recv(handles_[side], buffer, sizeof buffer, 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) {
      // What was said before the end still arrives.
      flush();
      return false;
    }
    in_[side].append(buffer, static_cast<std::size_t>(size));
    return forward(side) || cut();
  }

  // Passes on the whole messages that `side` has sent; false: cut.
  bool forward(std::size_t side) {
    const Direction direction = side == 0 ? Direction::to_server : Direction::to_client;
    std::string& in = in_[side];
    std::size_t done = 0;
    while (!stalled_) {
      const std::string_view rest = std::string_view(in).substr(done);
      const std::size_t size = size_of_message(side, rest);
      if (size == 0 || rest.size() < size) break;
      if (side == 1 && swallowing_) return false;
      const bool typed = side == 0 ? typed_ : raw_bytes_ == 0;
      WireMessage message{direction, typed ? rest[0] : '\0', {}, number_};
      if (size > 5 && typed) message.body = rest.substr(5, size - 5);
      Verdict verdict = proxy_.judge(message);
      if (verdict == Verdict::stall && std::exchange(was_stalled_, true)) verdict = Verdict::pass;
      if (verdict == Verdict::stall) {
        stalled_ = true;
        break;
      }
      if (!act(side, verdict, rest.substr(0, size))) return false;
      note(side, rest.substr(0, size));
      done += size;
    }
    in.erase(0, done);
    return true;
  }

  bool act(std::size_t side, Verdict verdict, std::string_view bytes) {
    switch (verdict) {
      case Verdict::cut:
        return false;
      case Verdict::drop:
        return true;
      case Verdict::swallow_answer:
        swallowing_ = true;
        break;
      case Verdict::drop_last_row:
        if (const std::optional<std::size_t> row = last_row_of(bytes.substr(5)); bytes[0] == 'd' && row) {
          const auto size = static_cast<std::uint32_t>(*row + 4);
          return pass(side, bytes[0] + as_big_endian32(size) + std::string(bytes.substr(5, *row)));
        }
        break;
      case Verdict::pass:
      case Verdict::stall:
        break;
    }
    return pass(side, bytes);
  }

  bool pass(std::size_t side, std::string_view bytes) {
    const std::size_t allowed = proxy_.let_pass(side == 0 ? Direction::to_server : Direction::to_client, bytes.size());
    out_[1 - side].append(bytes.substr(0, allowed));
    return allowed == bytes.size();
  }

  // 0: not known yet.
  std::size_t size_of_message(std::size_t side, std::string_view bytes) const {
    if (bytes.empty()) return 0;
    if (side == 1 && raw_bytes_ > 0) return 1;
    const std::size_t prefix = side == 0 && !typed_ ? 0 : 1;
    return bytes.size() < prefix + 4 ? 0 : prefix + big_endian32(bytes.substr(prefix));
  }

  // The start of a conversation is the only thing that has a state: a request for encryption is answered by one byte.
  void note(std::size_t side, std::string_view bytes) {
    if (side == 1) {
      if (raw_bytes_ > 0) --raw_bytes_;
    } else if (!typed_ && bytes.size() >= 8) {
      const std::uint32_t code = big_endian32(bytes.substr(4));
      if (code == kTlsRequest || code == kGssRequest) ++raw_bytes_;
      if (code == kProtocol3) typed_ = true;
    }
  }

  bool flush() {
    for (std::size_t i = 0; i < 2; ++i) {
      while (!out_[i].empty()) {
        const ssize_t size = ::send(handles_[i], out_[i].data(), out_[i].size(), MSG_NOSIGNAL);
        if (size < 0) {
          if (errno == EAGAIN || errno == EINTR) break;
          return false;
        }
        out_[i].erase(0, static_cast<std::size_t>(size));
      }
    }
    return true;
  }

  TcpProxy& proxy_;
  const std::uint64_t number_;
  int handles_[2];
  std::string in_[2];   // read from that side, not yet a whole message
  std::string out_[2];  // to be written to that side
  bool typed_ = false;
  int raw_bytes_ = 0;
  bool swallowing_ = false;
  bool stalled_ = false;
  bool was_stalled_ = false;  // a message stalls once: after the release it passes
};

Result<std::unique_ptr<TcpProxy>> TcpProxy::start(const std::string& socket_path) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    ::close(listener);
    return fail(Errc::unavailable, std::string("cannot listen on 127.0.0.1: ") + std::strerror(errno));
  }
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return std::unique_ptr<TcpProxy>(new TcpProxy(listener, ntohs(address.sin_port), wake, socket_path));
}

TcpProxy::TcpProxy(int listener, int port, int wake, std::string socket_path)
    : listener_(listener), port_(port), wake_(wake), socket_path_(std::move(socket_path)), thread_([this] { run(); }) {}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  wake();
  thread_.join();
  ::close(listener_);
  ::close(wake_);
}

std::string TcpProxy::url(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

void TcpProxy::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof one));
}

void TcpProxy::set_policy(Policy policy) {
  const std::scoped_lock lock(mutex_);
  policy_ = std::move(policy);
}

void TcpProxy::cut_after(Direction direction, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  cut_ordered_ = true;
  cut_direction_ = direction;
  cut_in_ = bytes;
}

bool TcpProxy::cancel_cut() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(cut_ordered_, false);
}

void TcpProxy::cut_all() {
  cut_all_ = true;
  wake();
}

void TcpProxy::release() {
  release_ = true;
  wake();
}

Verdict TcpProxy::judge(const WireMessage& message) {
  const std::scoped_lock lock(mutex_);
  return policy_ ? policy_(message) : Verdict::pass;
}

std::size_t TcpProxy::let_pass(Direction direction, std::size_t size) {
  const std::scoped_lock lock(mutex_);
  if (cut_ordered_ && cut_direction_ == direction) {
    if (size > cut_in_) {
      cut_ordered_ = false;
      size = static_cast<std::size_t>(cut_in_);
    } else {
      cut_in_ -= size;
    }
  }
  bytes_[static_cast<std::size_t>(direction)] += size;
  return size;
}

void TcpProxy::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = refuse_ ? -1 : connect_to(socket_path_);
  if (server < 0) {
    ::close(client);
    return;
  }
  open_.push_back(std::make_unique<Connection>(*this, client, server, ++connections_));
}

void TcpProxy::run() {
  std::vector<pollfd> polls;
  while (!stopping_) {
    polls.assign({{listener_, POLLIN, 0}, {wake_, POLLIN, 0}});
    polls.resize(2 + 2 * open_.size());
    for (std::size_t i = 0; i < open_.size(); ++i) open_[i]->poll_for(&polls[2 + 2 * i]);
    if (::poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) return;
    std::uint64_t ignored = 0;
    static_cast<void>(!::read(wake_, &ignored, sizeof ignored));
    const bool all = cut_all_.exchange(false);
    const bool released = release_.exchange(false);
    for (std::size_t i = 0; i < open_.size(); ++i) {
      const bool alive =
          all ? open_[i]->cut() : (!released || open_[i]->release()) && open_[i]->serve(&polls[2 + 2 * i]);
      if (!alive) open_[i].reset();
    }
    std::erase(open_, nullptr);
    if ((polls[0].revents & POLLIN) != 0) accept_one();
  }
}

}  // namespace blotter::scratch
