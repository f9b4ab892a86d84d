#include "store/postgres/postgres_reader.h"

#include <optional>
#include <utility>

#include "store/postgres/connection_pool.h"
#include "store/postgres/migrator.h"
#include "store/postgres/moment.h"
#include "store/postgres/replica_reader.h"
#include "store/postgres/select_rows.h"

namespace blotter::postgres {
namespace {

Unexpected read_only() {
  return fail(Errc::invalid, "the store was opened for reading; nothing can be written through it");
}

class PostgresReader final : public Store {
 public:
  explicit PostgresReader(const StoreOptions& options)
      : pool_(settings_of(options, Target::primary), limits_of(options)) {}

  Result<void> open(const StoreOptions& options) {
    std::int64_t system_identifier = 0;
    {
      BLOTTER_ASSIGN(ConnectionPool::Lease lease, pool_.lease());
      BLOTTER_ASSIGN(const SchemaState state, schema_state(*lease));
      if (state != SchemaState::current) return fail(schema_error(state, *lease));
      if (options.replica_url.empty()) return {};
      BLOTTER_ASSIGN(const Rows rows, lease->query(kSystemIdentifier));
      system_identifier = rows.integer(0, 0);
    }
    replica_.emplace(options, system_identifier, pool_);
    Result<void> checked = replica_->check_setting();
    if (checked || checked.error().code == Errc::invalid) return checked;
    if (options.on_replica_problem) options.on_replica_problem(checked.error().message);
    return {};
  }

  Result<Cursor> cursor(std::string_view book_id) override {
    bool begun = false;
    return read(book_id, begun, [&](Connection& connection) { return cursor_of(connection, book_id); });
  }

  Result<void> select(const Select& select, const RowVisitor& visit) override {
    bool begun = false;
    const RowVisitor noting = [&](const std::vector<Cell>& cells) {
      begun = true;
      return visit(cells);
    };
    return read(select.book_id, begun, [&](Connection& connection) { return select_rows(connection, select, noting); });
  }

  Result<std::unique_ptr<StoreReader>> one_moment() override {
    for (bool again = false;; again = true) {
      BLOTTER_ASSIGN(ConnectionPool::Lease lease, pool_.lease());
      auto moment = Moment<ConnectionPool::Lease>::begin(std::move(lease));
      if (moment || again || moment.error().code != Errc::unavailable) return moment;
    }
  }

  Result<Cursor> claim(std::string_view, Epoch) override { return read_only(); }
  Result<Seq> apply(const Batch&) override { return read_only(); }
  Result<Seq> apply_setting_aside(const Batch&) override { return read_only(); }
  Result<void> reset(std::string_view, Epoch) override { return read_only(); }

 private:
  // `begun` is set once the caller has seen something: from then on nothing may be repeated.
  template <class Ask>
  auto read(std::string_view book_id, const bool& begun, const Ask& ask) -> decltype(ask(std::declval<Connection&>())) {
    if (replica_) {
      // Whatever is wrong with the replica (it also ends reads that stand in the way of its replay), the primary
      // answers. It would refuse a wrong question as well.
      if (auto lease = replica_->lease_for(book_id)) {
        auto answer = ask(**lease);
        if (answer || begun || answer.error().code == Errc::invalid) return answer;
      }
    }
    for (bool again = false;; again = true) {
      BLOTTER_ASSIGN(ConnectionPool::Lease lease, pool_.lease());
      auto answer = ask(*lease);
      if (answer || begun || again || lease->connected() || answer.error().code != Errc::unavailable) return answer;
    }
  }

  ConnectionPool pool_;
  std::optional<ReplicaReader> replica_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_postgres_reader(const StoreOptions& options) {
  auto reader = std::make_unique<PostgresReader>(options);
  BLOTTER_TRY(reader->open(options));
  return std::unique_ptr<Store>(std::move(reader));
}

}  // namespace blotter::postgres
