// Reading: lines of the report format through the feed and the front door.
#include <ctime>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include "bench/run.h"
#include "bench/statistics.h"
#include "bench/traffic.h"
#include "blotter/feed.h"
#include "feeds/source.h"

namespace blotter::bench {
namespace {

// The processor time of the calling thread: what flushers and disks do meanwhile is not in it.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Result<double> ingest_seconds(Ledger& ledger, const std::string& text) {
  BLOTTER_ASSIGN(auto feed, open_feed("ndjson", std::make_unique<feeds::MemorySource>(text), FeedOptions{}));
  FeedLine line;
  Seq last{0};
  const double start = cpu_seconds();
  while (true) {
    BLOTTER_ASSIGN(const bool more, feed->next(line));
    if (!more) break;
    if (!line.invalid.empty()) return fail(Errc::invalid, "a line of the benchmark is refused: " + line.invalid);
    for (const Report& report : line.reports) {
      BLOTTER_ASSIGN(const Receipt receipt, ledger.offer(report, line.text));
      last = receipt.seq;
    }
  }
  const double seconds = cpu_seconds() - start;
  BLOTTER_TRY(ledger.wait_durable(last));
  return seconds;
}

// What any importer has to do at least, done by a fast library.
double parse_seconds(const std::string& text) {
  unsigned char buffer[8192];
  const double start = cpu_seconds();
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    boost::json::monotonic_resource memory(buffer, sizeof buffer);
    boost::json::error_code code;
    const boost::json::value value =
        boost::json::parse(boost::json::string_view(text.data() + begin, end - begin), code, &memory);
    if (code || !value.is_object()) break;
    begin = end + 1;
  }
  return cpu_seconds() - start;
}

}  // namespace

Result<void> measure_ingest(Run& run) {
  const std::size_t lines = run.by_scale<std::size_t>(1'000, 100'000, 400'000);
  const int count = run.by_scale(1, 3, 5);
  const std::string text = traffic_as_ndjson(lines);
  Rounds rounds;
  for (int round = 0; round < count; ++round) {
    run.say("ingest: round " + std::to_string(round + 1) + " of " + std::to_string(count));
    {
      BLOTTER_ASSIGN(auto ledger, run.open_ledger("ingest"));
      BLOTTER_ASSIGN(const double ours, ingest_seconds(*ledger, text));
      rounds.ours.push_back(static_cast<double>(lines) / ours);
    }
    run.scratch().remove("ingest");
    rounds.ceiling.push_back(static_cast<double>(lines) / parse_seconds(text));
  }
  run.add(row_of("NDJSON lines, parsed, decided, journalled", "lines/s", rounds,
                 with_commas(lines) + " lines of " + std::to_string(text.size() / lines) +
                     " bytes on average, processor time of the one thread that reads, decides and appends; ceiling: "
                     "Boost.JSON parses the same lines and does nothing with them"));
  return {};
}

}  // namespace blotter::bench
