// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "os/child_process.h"
#include "os/process.h"
#include "postgres/server.h"

namespace hikae::postgres {

// PostgreSQL's programs (pg_dump, pg_restore, psql) of one major version.
struct Programs {
  int major = 0;
  std::string folder;  // ".../bin"

  std::string path(const std::string& name) const { return folder + "/" + name; }
};

// Of those found the oldest that is not older than the server; nullopt when all are older. A newer
// program dumps an older server, never the other way round. Pure.
std::optional<Programs> choose_programs(const std::vector<Programs>& found, int server_major);

// Those that this host has where Debian and PostgreSQL's own packages put them
// (/usr/lib/postgresql/N/bin, /usr/pgsql-N/bin).
std::vector<Programs> installed_programs();

// Programs for that server: from `folder` if the policy names one, else of those installed. Throws
// Error{not_found} that names what is there and the package to install.
Programs find_programs(const std::string& folder, int server_major);

// What a program of PostgreSQL is started with: the connection in its environment, so that the list
// of processes shows program and database only; the password in a file without a name, which only
// the program can open; the server's operating-system user; "/" as working directory. Nothing of
// this process's own environment but PATH. The object must live as long as the program.
class ClientLaunch {
 public:
  ClientLaunch(const Server& server, std::vector<std::string> argv);

  os::ChildProcess::Request child() const;
  os::ProcessRequest process() const;

 private:
  std::vector<std::string> argv_;
  std::vector<std::string> environment_;
  os::Fd password_;
};

// `name` as the value of a connection string: dbname='it\'s'. A database's name alone would be
// taken for a whole connection string when it holds "=". With the server's liveness_settings().
std::string database_argument(const Server& server, const std::string& name);
// These alone, with a blank before each.
std::string liveness_argument(const Server& server);
// The option by which a session answers in English, where the role may set it; else empty.
std::string_view language_option(const Server& server);

// What a program wrote to its standard error, for people: its error lines if it marks any, else
// all, in one line and not endless.
std::string program_words(std::string_view errors);
// Its warnings, one by one.
std::vector<std::string> program_warnings(std::string_view errors);
// Code and retry class by these words.
Error explain_program(std::string_view errors, Text message);

}  // namespace hikae::postgres
