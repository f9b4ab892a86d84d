#include <gtest/gtest.h>

#include "blotter/store.h"

namespace blotter {
namespace {

struct UrlCase {
  std::string url;
  std::string shown;
};

TEST(ShownUrlTest, LeavesOutThePasswordAndNothingElse) {
  const std::vector<UrlCase> cases = {
      {"memory:", "memory:"},
      {"sqlite:/data/a=b/password=x.db", "sqlite:/data/a=b/password=x.db"},
      {"none", "none"},
      {"", ""},
      {"postgresql://", "postgresql://"},
      {"postgresql:///blotter", "postgresql:///blotter"},
      {"postgresql://host/blotter", "postgresql://host/blotter"},
      {"postgres://ann@host:5432/blotter", "postgres://ann@host:5432/blotter"},
      {"postgresql://ann:secret@host:5432/blotter", "postgresql://ann@host:5432/blotter"},
      {"postgresql://ann:@host/blotter", "postgresql://ann@host/blotter"},
      {"postgresql://:secret@host/blotter", "postgresql://@host/blotter"},
      {"postgresql://ann:se%40cret@[::1]:5432/blotter", "postgresql://ann@[::1]:5432/blotter"},
      {"postgresql://[::1]:5432/blotter?user=ann", "postgresql://[::1]:5432/blotter?user=ann"},
      {"postgresql://ann:secret@a:1,b:2,[::1]:3/blotter?target_session_attrs=read-write",
       "postgresql://ann@a:1,b:2,[::1]:3/blotter?target_session_attrs=read-write"},
      {"postgresql://host/db?user=ann&password=secret&sslmode=require",
       "postgresql://host/db?user=ann&sslmode=require"},
      {"postgresql://host/db?password=secret", "postgresql://host/db"},
      {"postgresql://host/db?pass%77ord=secret&SSLPassword=secret", "postgresql://host/db"},
      {"postgresql:///db?host=/run/postgresql&user=ann", "postgresql:///db?host=/run/postgresql&user=ann"},
      {"mysql://ann:secret@host/db", "mysql://ann@host/db"},
      {"host=a user=ann password=secret dbname=b", "host=a user=ann dbname=b"},
      {"host = 'a b'  password = 'se\\'cret word' user=ann", "host='a b' user=ann"},
      {"password=se\\ cret host=a", "host=a"},
      {"password='never closed host=a", ""},
      {"host=postgresql://x password=secret", "host=postgresql://x"},
  };
  for (const UrlCase& each : cases) EXPECT_EQ(shown_url(each.url), each.shown) << each.url;
}

TEST(ShownUrlTest, HidesThePasswordEvenWhereTheUrlIsWrittenWrongly) {
  for (const char* url :
       {"postgresql://ann:sec/ret@host/db", "postgresql://ann:sec?ret@host/db", "postgresql://ann:se@cret@host/db",
        "postgresql://ann:12/cret@host:5432/db?sslmode=require", "postgresql://ann:x?cret@host/db?user=b@c",
        "password=cret", "host=a password = cret", "password='cret", "host=a password", "host = a cret user=b"}) {
    EXPECT_EQ(shown_url(url).find("ret"), std::string::npos) << url << " is shown as " << shown_url(url);
  }
}

TEST(ShownUrlTest, AStoreThatIsNoneIsNamedWithoutItsPassword) {
  const auto opened = open_store("mysql://ann:secret@host/db", StoreAccess::read);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::invalid);
  EXPECT_EQ(opened.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace blotter
