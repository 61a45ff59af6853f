// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/backend.h"

namespace hikae {

// What decorators share: every call goes to the backend inside. A decorator overrides what it
// changes.
class ForwardingBackend : public Backend {
 public:
  explicit ForwardingBackend(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  std::string location() const override { return inner_->location(); }
  std::size_t connections() const override { return inner_->connections(); }
  std::size_t uploads() const override { return inner_->uploads(); }
  std::size_t read_ahead() const override { return inner_->read_ahead(); }
  void create_layout(const StopToken& stop) override { inner_->create_layout(stop); }
  bool is_empty(const StopToken& stop) override { return inner_->is_empty(stop); }
  using Backend::save;
  void save(const FileHandle& file,
            const std::vector<ByteView>& pieces,
            const StopToken& stop) override {
    inner_->save(file, pieces, stop);
  }
  Bytes load(const FileHandle& file, const StopToken& stop) override {
    return inner_->load(file, stop);
  }
  void load_range(const FileHandle& file,
                  std::uint64_t offset,
                  MutableByteView out,
                  const StopToken& stop) override {
    inner_->load_range(file, offset, out, stop);
  }
  std::optional<std::uint64_t> size(const FileHandle& file, const StopToken& stop) override {
    return inner_->size(file, stop);
  }
  void list(FileType type,
            const std::function<void(const FileInfo&)>& visit,
            const StopToken& stop) override {
    inner_->list(type, visit, stop);
  }
  void remove(const FileHandle& file, const StopToken& stop) override {
    inner_->remove(file, stop);
  }
  void extend_lock(const FileHandle& file, Instant until, const StopToken& stop) override {
    inner_->extend_lock(file, until, stop);
  }
  std::size_t remove_leftovers(std::chrono::seconds age, const StopToken& stop) override {
    return inner_->remove_leftovers(age, stop);
  }
  std::chrono::seconds listing_lag() const override { return inner_->listing_lag(); }
  Pacing keep_pace(const Paces& paces) override { return inner_->keep_pace(paces); }
  std::optional<Space> space() override { return inner_->space(); }
  std::optional<Transport> transport() override { return inner_->transport(); }
  RequestCounts requests() override { return inner_->requests(); }

 protected:
  Backend& inner() { return *inner_; }

 private:
  std::unique_ptr<Backend> inner_;
};

}  // namespace hikae
