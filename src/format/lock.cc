// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "format/files.h"
#include "format/json_read.h"

namespace hikae::format {
namespace {

constexpr std::string_view kDocument = "lock";

constexpr std::array<FieldRule<Lock>, 10> kFields = {{
    {"time", [](Lock& l, const JsonValue& v) { l.time = v.time(); }},
    {"exclusive", [](Lock& l, const JsonValue& v) { l.exclusive = v.boolean(); }},
    {"hostname", [](Lock& l, const JsonValue& v) { l.hostname = v.text(); }},
    {"username", [](Lock& l, const JsonValue& v) { l.username = v.text(); }},
    {"pid", [](Lock& l, const JsonValue& v) { l.pid = v.signed_number(); }},
    {"uid", [](Lock& l, const JsonValue& v) { l.uid = v.number<std::uint32_t>(); }},
    {"gid", [](Lock& l, const JsonValue& v) { l.gid = v.number<std::uint32_t>(); }},
    {"boot_id", [](Lock& l, const JsonValue& v) { l.boot_id = v.text(); }},
    {"pid_ns", [](Lock& l, const JsonValue& v) { l.pid_ns = v.text(); }},
    {"pid_start", [](Lock& l, const JsonValue& v) { l.pid_start = v.text(); }},
}};

}  // namespace

std::string encode(const Lock& lock) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("time", to_rfc3339(lock.time));
  json.key("exclusive").boolean(lock.exclusive);
  json.member("hostname", lock.hostname);
  json.member("username", lock.username);
  json.member("pid", lock.pid);
  if (lock.uid != 0) json.member("uid", lock.uid);
  if (lock.gid != 0) json.member("gid", lock.gid);
  if (!lock.boot_id.empty()) json.member("boot_id", lock.boot_id);
  if (!lock.pid_ns.empty()) json.member("pid_ns", lock.pid_ns);
  if (!lock.pid_start.empty()) json.member("pid_start", lock.pid_start);
  json.end_object();
  return out;
}

Lock decode_lock(std::string_view json) {
  const JsonDocument document(json);
  Lock lock;
  lock.time.seconds = kNoTime;
  read_fields(document.object(kDocument), kDocument, kFields, lock);
  if (lock.time.seconds == kNoTime) throw_bad_field(kDocument, "time");
  return lock;
}

}  // namespace hikae::format
