// Fails the N-th write, sync or truncation of SQLite's files, for every N until a run gets through unharmed, and shows
// that rows and cursor are together whatever had been done by then.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstring>

#include "store/test_directory.h"
#include "store/test_rows.h"

namespace blotter::sqlite {
namespace {

// A VFS that passes everything on to the system's and fails one operation when told to. SQLite finds it as the
// default VFS of the process, so it is global; the tests of this file take turns.
struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real;
};

struct Faults {
  sqlite3_vfs* real = nullptr;
  std::int64_t left = -1;  // operations until the failure; negative: none
  int code = SQLITE_IOERR_WRITE;
  bool sticky = false;  // the disk stays broken

  int next() {
    if (left < 0) return SQLITE_OK;
    if (left > 0) {
      --left;
      return SQLITE_OK;
    }
    if (!sticky) left = -1;
    return code;
  }
};
Faults faults;

sqlite3_file* real_of(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file)->real; }

#define BLOTTER_PASS(name, parameters, arguments) [] parameters { return real_of(file)->pMethods->name arguments; }

const sqlite3_io_methods kFaultyMethods = {
    .iVersion = 2,
    .xClose =
        [](sqlite3_file* file) {
          sqlite3_file* real = real_of(file);
          const int code = real->pMethods->xClose(real);
          sqlite3_free(real);
          return code;
        },
    .xRead = BLOTTER_PASS(xRead, (sqlite3_file * file, void* data, int size, sqlite3_int64 offset),
                          (real_of(file), data, size, offset)),
    .xWrite =
        [](sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
          if (const int code = faults.next(); code != SQLITE_OK) return code;
          return real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
        },
    .xTruncate =
        [](sqlite3_file* file, sqlite3_int64 size) {
          if (faults.next() != SQLITE_OK) return SQLITE_IOERR_TRUNCATE;
          return real_of(file)->pMethods->xTruncate(real_of(file), size);
        },
    .xSync =
        [](sqlite3_file* file, int flags) {
          if (faults.next() != SQLITE_OK) return SQLITE_IOERR_FSYNC;
          return real_of(file)->pMethods->xSync(real_of(file), flags);
        },
    .xFileSize = BLOTTER_PASS(xFileSize, (sqlite3_file * file, sqlite3_int64* size), (real_of(file), size)),
    .xLock = BLOTTER_PASS(xLock, (sqlite3_file * file, int level), (real_of(file), level)),
    .xUnlock = BLOTTER_PASS(xUnlock, (sqlite3_file * file, int level), (real_of(file), level)),
    .xCheckReservedLock = BLOTTER_PASS(xCheckReservedLock, (sqlite3_file * file, int* held), (real_of(file), held)),
    .xFileControl = BLOTTER_PASS(xFileControl, (sqlite3_file * file, int op, void* data), (real_of(file), op, data)),
    .xSectorSize = BLOTTER_PASS(xSectorSize, (sqlite3_file * file), (real_of(file))),
    .xDeviceCharacteristics = BLOTTER_PASS(xDeviceCharacteristics, (sqlite3_file * file), (real_of(file))),
    .xShmMap = BLOTTER_PASS(xShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile** map),
                            (real_of(file), page, size, extend, map)),
    .xShmLock = BLOTTER_PASS(xShmLock, (sqlite3_file * file, int offset, int count, int flags),
                             (real_of(file), offset, count, flags)),
    .xShmBarrier = BLOTTER_PASS(xShmBarrier, (sqlite3_file * file), (real_of(file))),
    .xShmUnmap = BLOTTER_PASS(xShmUnmap, (sqlite3_file * file, int remove), (real_of(file), remove)),
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};
#undef BLOTTER_PASS

int open_faulty(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* faulty = reinterpret_cast<FaultyFile*>(file);
  faulty->base.pMethods = nullptr;
  faulty->real = static_cast<sqlite3_file*>(sqlite3_malloc(faults.real->szOsFile));
  std::memset(faulty->real, 0, static_cast<std::size_t>(faults.real->szOsFile));
  const int code = faults.real->xOpen(faults.real, name, faulty->real, flags, out_flags);
  if (code != SQLITE_OK) {
    sqlite3_free(faulty->real);
    return code;
  }
  faulty->base.pMethods = &kFaultyMethods;
  return SQLITE_OK;
}

class FaultSweepTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    faults = {};
    faults.real = sqlite3_vfs_find(nullptr);
    vfs_ = *faults.real;
    vfs_.zName = "faulty";
    vfs_.szOsFile = sizeof(FaultyFile);
    vfs_.xOpen = open_faulty;
    ASSERT_EQ(sqlite3_vfs_register(&vfs_, 1), SQLITE_OK);
  }
  void TearDown() override {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(faults.real, 1);
  }

  static Batch batch_at(std::uint64_t seq) {
    Batch batch = store_rows::batch(seq, seq);
    const auto number = static_cast<std::int64_t>(seq);
    batch.order_events = {store_rows::order_event(number, 1)};
    batch.fills = {store_rows::fill(number, 1)};
    batch.positions = {store_rows::position(std::to_string(seq).c_str(), number)};
    return batch;
  }

  // Opens, claims and applies three batches; the first error, if any.
  static Result<void> run(const std::string& url) {
    BLOTTER_ASSIGN(auto store, open_store(url, StoreAccess::write));
    BLOTTER_TRY(store->claim(store_rows::kBook, store_rows::kEpoch));
    BLOTTER_ASSIGN(const Cursor cursor, store->cursor(store_rows::kBook));
    const auto first = to_number(cursor.applied) + 1;
    for (auto seq = first; seq < first + 3; ++seq) {
      const auto applied = store->apply(batch_at(seq));
      if (!applied) {
        EXPECT_TRUE(applied.error().code == Errc::unavailable || applied.error().code == Errc::in_doubt ||
                    applied.error().code == Errc::exhausted)
            << applied.error().message;
        return fail(applied.error());
      }
    }
    return {};
  }

  static void expect_whole(const std::string& url) {
    auto opened = open_store(url, StoreAccess::write);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    Store& store = **opened;
    const auto applied = to_number(store.cursor(store_rows::kBook)->applied);
    EXPECT_EQ(store_rows::all_of(store, Table::fills).size(), applied);
    EXPECT_EQ(store_rows::all_of(store, Table::order_events).size(), applied);
    const auto positions = store_rows::all_of(store, Table::positions);
    ASSERT_EQ(positions.size(), applied == 0 ? 0U : 1U);
    if (applied > 0) {
      EXPECT_EQ(positions[0].back(), Cell(static_cast<std::int64_t>(applied)));
    }
  }

  sqlite3_vfs vfs_{};
};

TEST_P(FaultSweepTest, AnyFailedWriteOrSyncLeavesRowsAndCursorTogether) {
  std::int64_t operation = 0;
  for (bool unharmed = false; !unharmed; ++operation) {
    ASSERT_LT(operation, 5000) << "the sweep does not end";
    SCOPED_TRACE("operation " + std::to_string(operation));
    const TemporaryDirectory directory;
    const std::string url = "sqlite:" + directory.path() + "/blotter.db";
    faults.sticky = GetParam();
    faults.left = operation;
    const auto done = run(url);
    unharmed = faults.left > 0;
    EXPECT_TRUE(!unharmed || done.has_value());
    faults.left = -1;
    expect_whole(url);
    const auto again = run(url);
    EXPECT_TRUE(again.has_value()) << again.error().message;
    expect_whole(url);
    if (HasFailure()) return;
  }
  EXPECT_GT(operation, 20);
}

INSTANTIATE_TEST_SUITE_P(Disk, FaultSweepTest, testing::Bool(),
                         [](const auto& each) { return each.param ? "StaysBroken" : "FailsOnce"; });

}  // namespace
}  // namespace blotter::sqlite
