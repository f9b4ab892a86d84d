#include <cstdio>
#include <limits>

#include "cli/verbs.h"
#include "store/postgres/roles.h"

namespace blotter::cli {
namespace {

constexpr std::int32_t kAll = std::numeric_limits<std::int32_t>::max();

CLI::Range versions() { return {0, 9999}; }

Answer answer_of(const std::vector<Migration>& migrations) {
  Answer answer{.columns = {"version", "name", "state", "applied_at"}, .rows = {}};
  for (const Migration& migration : migrations) {
    answer.add({std::int64_t{migration.version}, migration.name, std::string(name_of(migration.state)),
                migration.applied_at.empty() ? Cell{} : Cell{migration.applied_at}});
  }
  return answer;
}

using Step = std::function<Result<std::vector<Migration>>(Migrator&)>;

void add_step(CLI::App& parent, Context& context, const std::string& name, const std::string& description, Step step,
              const std::function<void(CLI::App&)>& configure = {}) {
  CLI::App* verb = add_verb(parent, context, name, description);
  if (configure) configure(*verb);
  verb->callback([&context, step = std::move(step)] {
    context.run = [&context, step] {
      const auto migrator = open_migrator(context.options.store_options());
      if (!migrator) return report_error(migrator.error());
      const auto migrations = step(**migrator);
      if (!migrations) return report_error(migrations.error());
      print(answer_of(*migrations), context.options.json);
      return int{kDone};
    };
  });
}

int make_roles(const GlobalOptions& options) {
  if (!options.is_postgres()) {
    return report_error({.code = Errc::invalid, .message = options.shown_store() + " has no roles; PostgreSQL has"});
  }
  const auto roles = postgres::make_roles(options.store_options());
  if (!roles) return report_error(roles.error());
  Answer answer{.columns = {"role"}, .rows = {}};
  for (const std::string& role : *roles) answer.add({role});
  print(answer, options.json);
  return kDone;
}

}  // namespace

void add_migrate(CLI::App& app, Context& context) {
  CLI::App* parent = app.add_subcommand("migrate", "the store's schema");
  parent->require_subcommand(1);
  add_step(*parent, context, "status", "all migrations and which are applied",
           [](Migrator& migrator) { return migrator.status(); });
  add_step(*parent, context, "plan", "what `migrate up` would apply",
           [](Migrator& migrator) { return migrator.plan(); });
  auto up_to = std::make_shared<std::int32_t>(kAll);
  add_step(
      *parent, context, "up", "apply pending migrations", [up_to](Migrator& migrator) { return migrator.up(*up_to); },
      [up_to](CLI::App& verb) {
        verb.add_option("--to", *up_to, "up to this version (default: all)")->check(versions());
      });
  auto down_to = std::make_shared<std::int32_t>(-1);
  auto yes = std::make_shared<bool>(false);
  add_step(
      *parent, context, "down",
      "undo migrations; their tables are dropped (`blotter store rebuild` brings rows back, but of a PostgreSQL store "
      "neither the partition rules nor the record of what was retired)",
      [down_to, yes](Migrator& migrator) -> Result<std::vector<Migration>> {
        if (!*yes) {
          return fail(Errc::invalid,
                      "migrate down drops tables; say --yes when that is what you want (`store rebuild` "
                      "fills them again from the journal)");
        }
        return migrator.down(*down_to);
      },
      [down_to, yes](CLI::App& verb) {
        verb.add_option("--to", *down_to, "down to this version; 0: nothing left")->required()->check(versions());
        verb.add_flag("--yes", *yes, "really drop the tables");
      });
  CLI::App* roles = add_verb(*parent, context, "roles",
                             "make the roles of a PostgreSQL store and give each its rights; again after `migrate up`");
  roles->callback([&context] { context.run = [&context] { return make_roles(context.options); }; });
}

}  // namespace blotter::cli
