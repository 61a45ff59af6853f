// SPDX-License-Identifier: Apache-2.0
// What a backup script does, as far as its lines tell. Nothing is executed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hikae::survey {

struct ScriptAction {
  enum class Kind {
    copies,           // sources to target (rsync, cp, tar)
    uploads,          // sources to an s3:// target
    dumps_cluster,    // pg_dumpall, pg_basebackup, pg_dump of `databases` (empty: all)
    dumps_container,  // the same by docker exec
    saves_volume,     // docker run -v VOLUME:… with tar or the like
    expires,          // find PATH -mtime +DAYS -delete
    removes,          // rm -r PATH
    mails,            // to `recipients`
    calls,            // a script: `sources` names it
    starts_hikae,     // hikae run …
    harmless,         // echo, mkdir, cd, …: nothing to take over
    unknown,
  };
  Kind kind = Kind::unknown;
  std::string file;
  int line = 0;
  std::string command;               // the words, for people
  std::vector<std::string> sources;  // paths; on another machine "host:path"
  std::string target;                // a path, "host:path" or "s3://bucket/…"; empty: not known
  bool deletes_at_target = false;    // --delete
  std::vector<std::string> excludes;
  std::optional<int> days;  // of expires: what is older goes
  std::vector<std::string> databases;
  std::string machine;  // where ssh runs it; empty: on this one
  std::string server;   // of dumps_cluster: host name or folder of the socket; empty: as by default
  std::string port;     // the same
  std::string user;     // of the database
  bool is_base = false;  // pg_basebackup: the cluster as a whole
  std::string container;
  std::vector<std::string> recipients;

  bool operator==(const ScriptAction&) const = default;
};

// `file` names the script in the results. Understands sudo, nice, ionice, env, timeout, flock,
// su -c, sh -c and ssh in front of a command; variables are followed as long as they are plain
// assignments; libpq's (PGHOST and so on) count. Takes any bytes. Pure.
std::vector<ScriptAction> read_script(std::string_view script,
                                      std::string_view file,
                                      int first_line = 1);

}  // namespace hikae::survey
