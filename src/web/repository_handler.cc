// SPDX-License-Identifier: Apache-2.0
#include "web/repository_handler.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "web/range.h"

namespace hikae::web {
namespace {

constexpr const char* kVersion1 = "application/vnd.x.restic.rest.v1";
constexpr const char* kVersion2 = "application/vnd.x.restic.rest.v2";
constexpr const char* kBinary = "binary/octet-stream";
constexpr std::size_t kPart = kMiB;
constexpr std::size_t kListPart = 64 * kKiB;

int status_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::not_found:
    case ErrorCode::no_repository:
      return 404;
    case ErrorCode::already_exists:
      return 403;
    case ErrorCode::no_space:
      return 507;
    case ErrorCode::not_mounted:
    case ErrorCode::timeout:
      return 503;
    default:
      return 500;
  }
}

void refuse_method(Exchange& exchange, const char* allowed) {
  exchange.answer(405, {{"Allow", allowed}});
}

// Gives back what was reserved unless the upload succeeds.
class Reservation {
 public:
  Reservation(Quota& quota, std::uint64_t bytes) : quota_(&quota), bytes_(bytes) {}
  ~Reservation() {
    if (quota_ != nullptr) quota_->release(bytes_);
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  void keep() { quota_ = nullptr; }

 private:
  Quota* quota_;
  std::uint64_t bytes_;
};

// Sends a list as it grows; the first part goes out only when it is full or complete, so that an
// error before that still gets a status.
class ListWriter {
 public:
  ListWriter(Exchange& exchange, bool with_sizes)
      : exchange_(exchange), with_sizes_(with_sizes), json_(out_) {
    json_.begin_array();
  }

  void add(const FileInfo& file) {
    if (with_sizes_) {
      json_.begin_object().member("name", file.name).member("size", file.size).end_object();
    } else {
      json_.value(file.name);
    }
    if (out_.size() >= kListPart) flush();
  }

  void finish() {
    json_.end_array();
    if (!exchange_.has_begun()) return exchange_.answer(200, fields(), as_bytes(out_));
    flush();
    exchange_.end_chunks();
  }

 private:
  Fields fields() const { return {{"Content-Type", with_sizes_ ? kVersion2 : kVersion1}}; }
  void flush() {
    if (!exchange_.has_begun()) exchange_.begin_chunks(200, fields());
    exchange_.write(as_bytes(out_));
    out_.clear();
  }

  Exchange& exchange_;
  const bool with_sizes_;
  std::string out_;
  JsonWriter json_;
};

}  // namespace

struct RepositoryHandler::Target {
  Route route;
  std::string folder;
  std::shared_ptr<Backend> backend;
  FileHandle file() const { return {route.type, route.name}; }
};

RepositoryHandler::RepositoryHandler(RepositoryFolders& folders,
                                     Quota& quota,
                                     Htpasswd* users,
                                     AccessRules rules,
                                     std::uint64_t memory,
                                     Log& log)
    : folders_(folders),
      quota_(quota),
      users_(users),
      rules_(rules),
      memory_limit_(memory),
      memory_(memory),
      log_(log) {}

void RepositoryHandler::handle(Exchange& exchange, const StopToken& stop) {
  // Before anything is said about what exists.
  if (!let_in(exchange, stop))
    return exchange.answer(401, {{"WWW-Authenticate", "Basic realm=\"hikae\""}});
  auto route = parse_route(exchange.head().target);
  if (!route) {
    exchange.answer(404);
  } else if (rules_.folders == AccessRules::Folders::per_user &&
             (route->folders.empty() || route->folders.front() != exchange.user)) {
    exchange.answer(403);
  } else {
    Target target{std::move(*route), {}, nullptr};
    target.folder = folder_path(target.route);
    try {
      target.backend = folders_.open(target.folder);
      serve(exchange, target, stop);
    } catch (const Error& error) {
      // Its folder was replaced, or its disk mounted anew: the next request opens it again.
      if (error.code() == ErrorCode::not_mounted) folders_.forget(target.folder);
      if (exchange.is_broken()) throw;
      fail(exchange, error);
    }
  }
}

bool RepositoryHandler::let_in(Exchange& exchange, const StopToken& stop) {
  if (users_ == nullptr) return true;
  const auto login = parse_basic_login(exchange.head().authorization);
  if (!login || !users_->accepts(*login, stop)) return false;
  exchange.user = login->user;
  return true;
}

void RepositoryHandler::fail(Exchange& exchange, const Error& error) {
  const int status = status_of(error);
  if (status >= 500)
    log_.warning(because(
        text("web.request_failed",
             {{"method", exchange.head().method}, {"target", printable(exchange.head().target)}}),
        error));
  // A half-sent answer must not look complete.
  if (exchange.has_begun()) throw Error(error);
  exchange.answer(status);
}

void RepositoryHandler::serve(Exchange& exchange, const Target& target, const StopToken& stop) {
  switch (target.route.kind) {
    case Route::Kind::repository:
      return serve_repository(exchange, target, stop);
    case Route::Kind::list:
      if (exchange.head().method != "GET") return refuse_method(exchange, "GET");
      return list(exchange, target, stop);
    case Route::Kind::file:
      return serve_file(exchange, target, stop);
  }
}

void RepositoryHandler::serve_repository(Exchange& exchange,
                                         const Target& target,
                                         const StopToken& stop) {
  const std::string& method = exchange.head().method;
  // Removing a whole repository is left to the administrator of this machine.
  if (method == "DELETE") return exchange.answer(is_append_only() ? 403 : 501);
  if (method != "POST") return refuse_method(exchange, "POST");
  if (!target.route.create) return exchange.answer(400);
  folders_.check_same_place();
  target.backend->create_layout(stop);
  exchange.answer(200);
}

void RepositoryHandler::serve_file(Exchange& exchange,
                                   const Target& target,
                                   const StopToken& stop) {
  const std::string& method = exchange.head().method;
  if (method == "HEAD") return look_at(exchange, target, stop);
  if (method == "GET") return load(exchange, target, stop);
  if (method == "POST") return save(exchange, target, stop);
  if (method == "DELETE") return remove(exchange, target, stop);
  refuse_method(exchange, "HEAD, GET, POST, DELETE");
}

void RepositoryHandler::list(Exchange& exchange, const Target& target, const StopToken& stop) {
  // The lists of the own types were not asked for by anybody who knows only version 1.
  ListWriter writer(exchange, exchange.head().accept == kVersion2);
  target.backend->list(
      target.route.type, [&](const FileInfo& file) { writer.add(file); }, stop);
  writer.finish();
}

void RepositoryHandler::look_at(Exchange& exchange, const Target& target, const StopToken& stop) {
  const auto size = target.backend->size(target.file(), stop);
  if (!size) return exchange.answer(404);
  exchange.answer_head({{"Content-Type", kBinary}, {"Accept-Ranges", "bytes"}}, *size);
}

void RepositoryHandler::load(Exchange& exchange, const Target& target, const StopToken& stop) {
  const auto size = target.backend->size(target.file(), stop);
  if (!size) return exchange.answer(404);
  ByteRange range = parse_range(exchange.head().range, *size);
  Fields fields{{"Content-Type", kBinary}, {"Accept-Ranges", "bytes"}};
  const std::string total = "/" + std::to_string(*size);
  if (range.kind == ByteRange::Kind::outside)
    return exchange.answer(416, {{"Content-Range", "bytes *" + total}});
  const bool whole = range.kind == ByteRange::Kind::whole;
  if (whole) {
    range = {ByteRange::Kind::part, 0, *size};
  } else {
    fields.emplace_back("Content-Range",
                        "bytes " + std::to_string(range.offset) + "-" +
                            std::to_string(range.offset + range.length - 1) + total);
  }
  Bytes part(std::min<std::uint64_t>(kPart, range.length));
  for (std::uint64_t done = 0; done < range.length; done += part.size()) {
    part.resize(std::min<std::uint64_t>(part.size(), range.length - done));
    target.backend->load_range(target.file(), range.offset + done, part, stop);
    // The first part is read before the status is sent, so that a read error gets its own.
    if (!exchange.has_begun()) exchange.begin(whole ? 200 : 206, fields, range.length);
    exchange.write(part);
  }
  if (range.length == 0) exchange.answer(200, fields);
}

void RepositoryHandler::save(Exchange& exchange, const Target& target, const StopToken& stop) {
  const RequestHead& head = exchange.head();
  if (!head.has_length) return exchange.answer(411);
  if (head.body_size > memory_limit_) return exchange.answer(413);
  // Never replaced, as rest-server has it; the status is the one that it gives.
  if (target.backend->size(target.file(), stop)) return exchange.answer(403);
  exchange.answer(store(exchange, target, stop));
}

// The status to answer with. Here, so that what a refused upload had reserved is free again before
// its client hears of the refusal.
int RepositoryHandler::store(Exchange& exchange, const Target& target, const StopToken& stop) {
  const std::uint64_t size = exchange.head().body_size;
  if (!quota_.try_reserve(size)) return 507;
  Reservation reservation(quota_, size);
  const Semaphore::Permit permit = memory_.acquire(size, stop);
  const auto body = receive(exchange, target);
  if (!body) return 400;
  target.backend->save(target.file(), *body, stop);
  reservation.keep();
  return 200;
}

// The body, if it is what its name says.
std::optional<Bytes> RepositoryHandler::receive(Exchange& exchange, const Target& target) const {
  Bytes body;
  // Address space only: pages are taken as the bytes come.
  body.reserve(exchange.head().body_size);
  Sha256 hash;
  exchange.read_body([&](ByteView piece) {
    hash.update(piece);
    append(body, piece);
  });
  const bool has_hash =
      target.route.type != FileType::config && rules_.uploads == AccessRules::Uploads::verified;
  if (has_hash && hash.finish().hex() != target.route.name) return std::nullopt;
  return body;
}

void RepositoryHandler::remove(Exchange& exchange, const Target& target, const StopToken& stop) {
  if (is_append_only() && target.route.type != FileType::lock) return exchange.answer(403);
  const auto size = target.backend->size(target.file(), stop);
  target.backend->remove(target.file(), stop);
  if (size) quota_.release(*size);
  exchange.answer(200);
}

}  // namespace hikae::web
