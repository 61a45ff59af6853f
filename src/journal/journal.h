// SPDX-License-Identifier: Apache-2.0
// What happened: slots, runs, their items and deletions, in one SQLite file. It is disposable:
// nothing that a backup or a restore needs is only here. One that does not open is put aside
// (journal.sqlite.damaged-TIME) and a new one begins; status then shows what the repositories
// themselves know.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/verdict.h"
#include "journal/notices.h"
#include "journal/slots.h"

namespace hikae {

struct RunRecord {
  std::string id;  // 16 hex digits
  std::string policy;
  SlotId slot;
  Instant started;
  std::optional<Instant> finished;  // absent while it runs, and for ever if it was killed
  std::optional<Verdict> verdict;
  std::string message;  // why it failed as a whole; rendered in the policy's language
};

// One source in one destination, in one run.
struct RunItem {
  std::string source;
  std::string destination;
  Verdict verdict = Verdict::failed;
  std::string snapshot;  // 64 hex digits; empty if none was sealed
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;         // of the source
  std::uint64_t bytes_stored = 0;  // added to the destination
  std::uint64_t unreadable = 0;
  std::string message;  // rendered in the policy's language
  // When it was durable there. The earliest and the latest of a source tell the time to protect.
  std::optional<Instant> sealed;
};

// How a destination was reached in a run, and what was asked of it.
struct ConnectionRecord {
  std::string destination;
  std::string protocol;  // "TLSv1.3", "SSH-2.0"; empty: reached without a network of ours
  std::string cipher;
  bool is_aes_256 = false;
  struct Requests {
    std::string kind;
    std::uint64_t requests = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    bool operator==(const Requests&) const = default;
  };
  std::vector<Requests> requests;
  bool operator==(const ConnectionRecord&) const = default;
};

// What only who asks a destination learns of it. It stays true, as far as anybody knows, until
// somebody asks again.
struct DestinationFigure {
  std::string destination;
  std::string source;  // empty: of the destination as a whole
  std::string name;
  std::uint64_t value = 0;
  Instant seen;
  bool operator==(const DestinationFigure&) const = default;
};

struct DeletionRecord {
  Instant time;
  std::string run;  // empty: by hand
  std::string policy;
  std::string source;
  std::string destination;
  std::string snapshot;  // 64 hex digits
  Instant snapshot_time;
  std::string rule;  // the decision's stable rule name
};

// The job of runs that completed destinations from others: "hikae sync", and the catch-up of
// earlier generations. It has no schedule of its own.
inline constexpr const char* kSyncJob = "sync";

// Thread-safe. Every change is durable on return (synchronous=FULL). Throws Error{io} when the disk
// fails.
class Journal {
 public:
  // `state_directory` is made (0700) when it is missing; the file is 0600.
  static std::unique_ptr<Journal> open(const std::string& state_directory,
                                       const Clock& clock,
                                       Log& log);
  // The same, but a backup must not fail for want of a disposable file: when the journal cannot be
  // opened or written (a full disk, a missing permission), this is said once to `log`, and what it
  // should have recorded is forgotten with the object. A newer program's file still throws.
  static std::unique_ptr<Journal> open_lenient(const std::string& state_directory,
                                               const Clock& clock,
                                               Log& log);
  virtual ~Journal() = default;

  // Returns the run's new id. Runs that were begun and never finished are shown as such: their
  // process is gone, since the slot's file lock was free.
  virtual std::string begin_run(const std::string& policy, const SlotId& slot, Instant started) = 0;
  virtual void add_item(const std::string& run, const RunItem& item) = 0;
  virtual void add_connection(const std::string& run, const ConnectionRecord& connection) = 0;
  virtual void finish_run(const std::string& run,
                          Instant finished,
                          Verdict verdict,
                          const std::string& message) = 0;
  // Adds a whole run that a repository tells of, after the journal was lost. One with a known id is
  // left as it is.
  enum class Recorded { added, was_known };
  virtual Recorded record_run(const RunRecord& run, const std::vector<RunItem>& items) = 0;
  virtual void add_deletion(const DeletionRecord& deletion) = 0;
  // Each replaces the one of the same destination, source and name; all or none.
  virtual void save_figures(const std::string& policy,
                            const std::vector<DestinationFigure>& figures) = 0;

  // Newest first.
  virtual std::vector<RunRecord> runs(const std::string& policy, std::size_t limit) = 0;
  virtual std::vector<RunItem> items(const std::string& run) = 0;
  // By destination's name.
  virtual std::vector<ConnectionRecord> connections(const std::string& run) = 0;
  // The requests of all runs of this policy that began at `since` or later; protocol and cipher
  // stay empty.
  virtual std::vector<ConnectionRecord> total_requests(const std::string& policy,
                                                       Instant since) = 0;
  virtual std::vector<DeletionRecord> deletions(const std::string& policy, std::size_t limit) = 0;
  // By destination, source and name.
  virtual std::vector<DestinationFigure> figures(const std::string& policy) = 0;
  // The newest item of this source in this destination, of whatever verdict; not of a run of the
  // job kSyncJob, which reads no source.
  virtual std::optional<RunItem> last_item(const std::string& policy,
                                           const std::string& source,
                                           const std::string& destination) = 0;

  // When this snapshot (64 hex digits) was durable in that destination, as the run or sync that put
  // it there has told.
  virtual std::optional<Instant> sealed(const std::string& destination,
                                        const std::string& snapshot) = 0;

  // The runs of one slot, oldest first.
  virtual std::vector<RunRecord> runs_of(const std::string& policy, const SlotId& slot) = 0;
  // What was due, and what became of it. Lives as long as the journal, and is as lenient.
  virtual SlotLedger& slots() = 0;
  // What people are to be told. The same terms as of the ledger.
  virtual NoticeQueue& notices() = 0;
};

// Takes the kernel's lock on a slot of this policy, so that two triggers never run it at once;
// nullptr when another process holds it. Held until the object goes, or the process does, however
// it ends.
class SlotLock {
 public:
  virtual ~SlotLock() = default;
  static std::unique_ptr<SlotLock> try_acquire(const std::string& state_directory,
                                               const std::string& policy,
                                               const std::string& job);
};

}  // namespace hikae
