// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "concurrency/guarded.h"
#include "storage/forward.h"

namespace hikae {

enum class Call {
  create_layout,
  is_empty,
  save,
  load,
  load_range,
  size,
  list,
  remove,
  change,  // stands for save and remove together
};

// One thing that goes wrong.
struct Fault {
  enum class Effect {
    fail_before,   // the call fails and has done nothing
    fail_after,    // the call is carried out, then reported as failed
    corrupt_byte,  // load, load_range, save: the middle byte is changed
    cut_short,     // load, save: the second half is missing; load_range: Error{corrupt}
  };
  enum class Lasting {
    once,
    from_then_on,  // as if the process had been killed or the store had gone
  };

  Call call = Call::save;
  std::optional<FileType> type;  // counts only calls for this kind of file
  std::size_t nth = 1;           // the first such call after add() is 1
  Effect effect = Effect::fail_before;
  Lasting lasting = Lasting::once;
  ErrorCode code = ErrorCode::io;
  Retry retry = Retry::no;
};

// Makes chosen calls go wrong, for tests of crashes and of damaged stores. Thread-safe.
class FaultBackend final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;

  void add(const Fault& fault);
  void clear();
  // Calls of that kind so far, failed ones included.
  std::size_t count(Call call);

  void create_layout(const StopToken& stop) override;
  bool is_empty(const StopToken& stop) override;
  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override;
  Bytes load(const FileHandle& file, const StopToken& stop) override;
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override;
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override;
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override;
  void remove(const FileHandle& file, const StopToken& stop) override;

 private:
  struct State {
    std::vector<Fault> faults;  // `nth` counts down; those that are over are removed
    std::map<Call, std::size_t> calls;
  };
  // Counts the call; the fault that strikes it, if any.
  std::optional<Fault> strike(Call call, std::optional<FileType> type);
  template <typename Action>
  auto guarded(Call call, std::optional<FileType> type, Action action) -> decltype(action());

  Guarded<State> state_;
};

}  // namespace hikae
