// SPDX-License-Identifier: Apache-2.0
#include "repository/tree_reader.h"

#include <algorithm>

namespace hikae {

Bytes TreeReader::load(const BlobId& tree, BlobBuffers& buffers, const StopToken& stop) {
  // Where requests cost nothing, the index is not searched twice.
  const auto place = read_ahead_ == 0 ? std::nullopt : index_.find(format::BlobType::tree, tree);
  if (place && place->blob.length < read_ahead_) {
    const auto window = window_with(*place, stop);
    if (window->bytes) {
      try {
        const ByteView sealed =
            ByteView(*window->bytes)
                .subspan(place->blob.offset - window->begin, place->blob.length);
        Bytes out;
        repository_.open_blob(place->blob, sealed, buffers.decompressor, buffers.scratch, out);
        return out;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::corrupt) throw;
      }
    }
  }
  // Alone, with its other places, and with words for what is wrong with it.
  return repository_.load_blob(index_, format::BlobType::tree, tree, buffers, stop);
}

std::shared_ptr<TreeReader::Window> TreeReader::find(const BlobLocation& place,
                                                     Windows& windows) const {
  const std::uint64_t end = std::uint64_t{place.blob.offset} + place.blob.length;
  for (auto at = windows.begin(); at != windows.end(); ++at) {
    const Window& window = **at;
    if (window.pack != place.pack || place.blob.offset < window.begin || end > window.end) continue;
    windows.splice(windows.begin(), windows, at);
    return windows.front();
  }
  return nullptr;
}

// Read by this thread, or by another one that was asked for a neighbour.
std::shared_ptr<TreeReader::Window> TreeReader::window_with(const BlobLocation& place,
                                                            const StopToken& stop) {
  std::shared_ptr<Window> window;
  {
    auto windows = windows_.lock();
    window = find(place, *windows);
    if (window) {
      if (!windows.wait(stop, [&] { return window->bytes || window->failed; })) throw Cancelled();
      return window;
    }
    window = std::make_shared<Window>();
    window->pack = place.pack;
    window->end = std::uint64_t{place.blob.offset} + place.blob.length;
    window->begin = window->end - std::min<std::uint64_t>(window->end, read_ahead_);
    windows->push_front(window);
    if (windows->size() > kWindows) windows->pop_back();
  }
  read(*window, stop);
  return window;
}

void TreeReader::read(Window& window, const StopToken& stop) {
  std::shared_ptr<Bytes> bytes;
  // However it ends, nobody waits for it any more, and what could not be read is not kept.
  const auto tell = [&](const void*) {
    auto windows = windows_.lock();
    window.bytes = bytes;
    window.failed = !bytes;
    if (window.failed)
      windows->remove_if([&](const std::shared_ptr<Window>& one) { return one.get() == &window; });
    windows_.notify_all();
  };
  const std::unique_ptr<const Window, decltype(tell)> guard(&window, tell);
  auto content = std::make_shared<Bytes>(window.end - window.begin);
  try {
    repository_.backend().load_range(
        {FileType::pack, window.pack.hex()}, window.begin, *content, stop);
    bytes = std::move(content);
  } catch (const Error& error) {
    // A pack that is cut off or gone is told of by who reads the tree alone.
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_found) throw;
  }
}

}  // namespace hikae
