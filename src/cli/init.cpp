#include <cstdio>

#include "cli/verbs.h"
#include "journal/journal.h"

namespace blotter::cli {
namespace {

struct InitOptions {
  std::string book = "main";
  std::uint64_t segment_mib = 64;
};

int init(const GlobalOptions& options, const InitOptions& wanted) {
  journal::Options journal_options;
  journal_options.segment_bytes = wanted.segment_mib << 20;
  const Result<void> created = journal::create_journal(options.journal_directory(), wanted.book, journal_options);
  if (!created) return report_error(created.error());
  if (options.has_store()) {
    const auto store = open_store(options.store_options(), StoreAccess::write);
    if (!store) {
      // The ledger is made and works without its store: that one follows when it can be reached.
      std::fprintf(stderr, "blotter: the ledger in %s is made, its store is not yet: %s\n", options.data.c_str(),
                   store.error().message.c_str());
      return kFoundProblem;
    }
  }
  Answer answer{.columns = {"book", "data", "store"}, .rows = {}};
  answer.add({wanted.book, options.data, options.shown_store()});
  print(answer, options.json);
  return kDone;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "init", "make an empty ledger");
  auto wanted = std::make_shared<InitOptions>();
  verb->add_option("--book", wanted->book, "the book's id: 1 to 32 of A-Z a-z 0-9 . _ -")->capture_default_str();
  verb->add_option("--segment-mib", wanted->segment_mib, "size of a journal segment in MiB")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  verb->callback([&context, wanted] { context.run = [&context, wanted] { return init(context.options, *wanted); }; });
}

}  // namespace blotter::cli
