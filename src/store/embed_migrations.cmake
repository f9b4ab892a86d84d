# Writes OUTPUT, a C++ file that holds the migrations of the folder SOURCE as raw string literals, as
# built_in_migrations() of the namespace blotter::NAMESPACE. A file roles.sql beside them becomes roles_script().
file(GLOB ups RELATIVE ${SOURCE} ${SOURCE}/*.up.sql)
list(SORT ups)
set(entries "")
set(expected 1)
foreach(up IN LISTS ups)
  if(NOT up MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.up\\.sql$")
    message(FATAL_ERROR "${SOURCE}/${up}: migrations are named NNNN_name.up.sql")
  endif()
  set(number ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  math(EXPR version "1${number} - 10000")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${SOURCE}/${up}: expected version ${expected}; versions have no gaps")
  endif()
  math(EXPR expected "${expected} + 1")
  if(NOT EXISTS ${SOURCE}/${number}_${name}.down.sql)
    message(FATAL_ERROR "${SOURCE}/${up} has no ${number}_${name}.down.sql")
  endif()
  file(READ ${SOURCE}/${up} up_text)
  file(READ ${SOURCE}/${number}_${name}.down.sql down_text)
  string(APPEND entries "    {${version}, \"${name}\", R\"sql(${up_text})sql\",\n     R\"sql(${down_text})sql\"},\n")
endforeach()
set(roles "")
if(EXISTS ${SOURCE}/roles.sql)
  file(READ ${SOURCE}/roles.sql roles_text)
  set(roles "\nconst char* roles_script();\nconst char* roles_script() { return R\"sql(${roles_text})sql\"; }\n")
endif()
file(WRITE ${OUTPUT} "// Generated from sql/ by embed_migrations.cmake.
#include \"store/migration_plan.h\"

namespace blotter::${NAMESPACE} {
namespace {

constexpr MigrationText kMigrations[] = {
${entries}};

}  // namespace

std::span<const MigrationText> built_in_migrations();
std::span<const MigrationText> built_in_migrations() { return kMigrations; }
${roles}
}  // namespace blotter::${NAMESPACE}
")
