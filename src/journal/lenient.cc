// SPDX-License-Identifier: Apache-2.0
#include "journal/lenient.h"

#include <atomic>

namespace hikae::journal {
namespace {

class LenientJournal final : public Journal {
 public:
  LenientJournal(std::unique_ptr<Journal> file,
                 std::function<std::unique_ptr<Journal>()> in_memory,
                 Log& log)
      : file_(std::move(file)), in_memory_(std::move(in_memory)), log_(log) {}

  std::string begin_run(const std::string& policy, const SlotId& slot, Instant started) override {
    std::string id;
    change([&] { id = file_->begin_run(policy, slot, started); });
    return id.empty() ? in_memory_()->begin_run(policy, slot, started) : id;
  }
  void add_item(const std::string& run, const RunItem& item) override {
    change([&] { file_->add_item(run, item); });
  }
  void add_connection(const std::string& run, const ConnectionRecord& connection) override {
    change([&] { file_->add_connection(run, connection); });
  }
  void finish_run(const std::string& run,
                  Instant finished,
                  Verdict verdict,
                  const std::string& message) override {
    change([&] { file_->finish_run(run, finished, verdict, message); });
  }
  Recorded record_run(const RunRecord& run, const std::vector<RunItem>& items) override {
    Recorded recorded = Recorded::was_known;
    change([&] { recorded = file_->record_run(run, items); });
    return recorded;
  }
  void add_deletion(const DeletionRecord& deletion) override {
    change([&] { file_->add_deletion(deletion); });
  }

  void save_figures(const std::string& policy,
                    const std::vector<DestinationFigure>& figures) override {
    change([&] { file_->save_figures(policy, figures); });
  }

  std::vector<RunRecord> runs(const std::string& policy, std::size_t limit) override {
    return file_->runs(policy, limit);
  }
  std::vector<RunItem> items(const std::string& run) override { return file_->items(run); }
  std::vector<ConnectionRecord> connections(const std::string& run) override {
    return file_->connections(run);
  }
  std::vector<ConnectionRecord> total_requests(const std::string& policy, Instant since) override {
    return file_->total_requests(policy, since);
  }
  std::vector<DeletionRecord> deletions(const std::string& policy, std::size_t limit) override {
    return file_->deletions(policy, limit);
  }
  std::vector<DestinationFigure> figures(const std::string& policy) override {
    return file_->figures(policy);
  }
  std::optional<RunItem> last_item(const std::string& policy,
                                   const std::string& source,
                                   const std::string& destination) override {
    return file_->last_item(policy, source, destination);
  }
  std::optional<Instant> sealed(const std::string& destination,
                                const std::string& snapshot) override {
    return file_->sealed(destination, snapshot);
  }
  std::vector<RunRecord> runs_of(const std::string& policy, const SlotId& slot) override {
    return file_->runs_of(policy, slot);
  }
  SlotLedger& slots() override { return ledger_; }
  NoticeQueue& notices() override { return file_->notices(); }

 private:
  // Reads are the file's; changes are dropped once one has failed.
  class LenientLedger final : public SlotLedger {
   public:
    explicit LenientLedger(LenientJournal& journal) : journal_(journal) {}

    std::optional<Instant> since(const std::string& policy,
                                 const std::string& job,
                                 const std::string& group) override {
      return file().since(policy, job, group);
    }
    bool knows(const std::string& policy) override { return file().knows(policy); }
    void begin_group(const std::string& policy,
                     const std::string& job,
                     const std::string& group,
                     Instant since) override {
      journal_.change([&] { file().begin_group(policy, job, group, since); });
    }
    void save(const std::string& policy, const std::vector<SlotRecord>& slots) override {
      journal_.change([&] { file().save(policy, slots); });
    }
    void drop_future(const std::string& policy, Instant after) override {
      journal_.change([&] { file().drop_future(policy, after); });
    }
    std::optional<SlotRecord> newest(const std::string& policy,
                                     const std::string& job,
                                     const std::string& group,
                                     Instant until) override {
      return file().newest(policy, job, group, until);
    }
    std::optional<SlotRecord> find(const std::string& policy, const SlotId& slot) override {
      return file().find(policy, slot);
    }
    std::vector<SlotRecord> open_slots(const std::string& policy) override {
      return file().open_slots(policy);
    }
    std::vector<SlotRecord> unacknowledged(const std::string& policy) override {
      return file().unacknowledged(policy);
    }
    std::vector<SlotRecord> slots(const std::string& policy, std::size_t limit) override {
      return file().slots(policy, limit);
    }

   private:
    SlotLedger& file() { return journal_.file_->slots(); }
    LenientJournal& journal_;
  };

  template <typename Change>
  void change(const Change& apply) {
    if (is_lost_) return;
    try {
      apply();
    } catch (const Error& error) {
      if (!is_lost_.exchange(true)) warn_unrecorded(log_, error);
    }
  }

  std::unique_ptr<Journal> file_;
  std::function<std::unique_ptr<Journal>()> in_memory_;
  Log& log_;
  std::atomic<bool> is_lost_{false};
  LenientLedger ledger_{*this};
};

}  // namespace

void warn_unrecorded(Log& log, const Error& error) {
  log.warning(because(text("journal.unrecorded"), error));
}

std::unique_ptr<Journal> make_lenient(std::unique_ptr<Journal> file,
                                      std::function<std::unique_ptr<Journal>()> in_memory,
                                      Log& log) {
  return std::make_unique<LenientJournal>(std::move(file), std::move(in_memory), log);
}

}  // namespace hikae::journal
