// SPDX-License-Identifier: Apache-2.0
#include "storage/fault.h"

#include <type_traits>

namespace hikae {
namespace {

using Effect = Fault::Effect;

bool concerns(const Fault& fault, Call call, std::optional<FileType> type) {
  const bool same_call = fault.call == call || (fault.call == Call::change &&
                                                (call == Call::save || call == Call::remove));
  return same_call && (!fault.type || fault.type == type);
}

[[noreturn]] void fail(const Fault& fault) {
  throw Error(fault.code, text("storage.injected"), fault.retry);
}

void change_middle_byte(MutableByteView bytes) {
  if (!bytes.empty()) bytes[bytes.size() / 2] ^= 0x01U;
}

}  // namespace

void FaultBackend::add(const Fault& fault) {
  state_.lock()->faults.push_back(fault);
}

void FaultBackend::clear() {
  state_.lock()->faults.clear();
}

std::size_t FaultBackend::count(Call call) {
  auto state = state_.lock();
  if (call == Call::change) return state->calls[Call::save] + state->calls[Call::remove];
  return state->calls[call];
}

std::optional<Fault> FaultBackend::strike(Call call, std::optional<FileType> type) {
  auto state = state_.lock();
  ++state->calls[call];
  std::optional<Fault> result;
  for (Fault& fault : state->faults) {
    if (fault.nth == 0 || !concerns(fault, call, type)) continue;
    if (fault.nth > 1) {
      --fault.nth;
    } else if (!result) {
      result = fault;
      if (fault.lasting == Fault::Lasting::once) fault.nth = 0;
    }
  }
  return result;
}

template <typename Action>
auto FaultBackend::guarded(Call call, std::optional<FileType> type, Action action)
    -> decltype(action()) {
  const std::optional<Fault> fault = strike(call, type);
  if (fault && fault->effect == Effect::fail_before) fail(*fault);
  if (fault && fault->effect == Effect::fail_after) {
    static_cast<void>(action());
    fail(*fault);
  }
  return action();
}

void FaultBackend::create_layout(const StopToken& stop) {
  guarded(Call::create_layout, std::nullopt, [&] { inner().create_layout(stop); });
}

bool FaultBackend::is_empty(const StopToken& stop) {
  return guarded(Call::is_empty, std::nullopt, [&] { return inner().is_empty(stop); });
}

void FaultBackend::save(const FileHandle& file,
                        const std::vector<ByteView>& pieces,
                        const StopToken& stop) {
  const std::optional<Fault> fault = strike(Call::save, file.type);
  if (!fault) return inner().save(file, pieces, stop);
  if (fault->effect == Effect::fail_before) fail(*fault);
  Bytes content;
  for (const ByteView piece : pieces) append(content, piece);
  if (fault->effect == Effect::corrupt_byte) change_middle_byte(content);
  if (fault->effect == Effect::cut_short) content.resize(content.size() / 2);
  inner().save(file, content, stop);
  if (fault->effect == Effect::fail_after) fail(*fault);
}

Bytes FaultBackend::load(const FileHandle& file, const StopToken& stop) {
  const std::optional<Fault> fault = strike(Call::load, file.type);
  if (fault && fault->effect == Effect::fail_before) fail(*fault);
  Bytes content = inner().load(file, stop);
  if (!fault) return content;
  if (fault->effect == Effect::fail_after) fail(*fault);
  if (fault->effect == Effect::corrupt_byte) change_middle_byte(content);
  if (fault->effect == Effect::cut_short) content.resize(content.size() / 2);
  return content;
}

void FaultBackend::load_range(const FileHandle& file,
                              std::uint64_t offset,
                              MutableByteView out,
                              const StopToken& stop) {
  const std::optional<Fault> fault = strike(Call::load_range, file.type);
  if (fault && fault->effect == Effect::fail_before) fail(*fault);
  inner().load_range(file, offset, out, stop);
  if (!fault) return;
  if (fault->effect == Effect::fail_after) fail(*fault);
  if (fault->effect == Effect::corrupt_byte) change_middle_byte(out);
  if (fault->effect == Effect::cut_short)
    throw Error(ErrorCode::corrupt, text("storage.file_too_short", {{"file", path_of(file)}}));
}

std::optional<std::uint64_t> FaultBackend::size(const FileHandle& file, const StopToken& stop) {
  return guarded(Call::size, file.type, [&] { return inner().size(file, stop); });
}

void FaultBackend::list(FileType type,
                        const std::function<void(const FileInfo&)>& visit,
                        const StopToken& stop) {
  guarded(Call::list, type, [&] { inner().list(type, visit, stop); });
}

void FaultBackend::remove(const FileHandle& file, const StopToken& stop) {
  guarded(Call::remove, file.type, [&] { inner().remove(file, stop); });
}

}  // namespace hikae
