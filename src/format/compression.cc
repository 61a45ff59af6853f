// SPDX-License-Identifier: Apache-2.0
#include "format/compression.h"

#include <algorithm>
#include <new>

#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"

namespace hikae::format {
namespace {

// A block holds at most 128 KiB and takes at least four bytes of its frame, so no frame can mean
// more than this. It keeps a damaged length from asking for gigabytes.
constexpr std::size_t kLargestBlock = std::size_t{128} << 10;
std::size_t most_content(std::size_t frame_size) {
  return (frame_size / 4 + 1) * kLargestBlock;
}

Error damaged(const char* reason) {
  return Error(ErrorCode::corrupt, text("format.zstd", {{"reason", reason}}));
}

Error wrong_length(std::size_t expected) {
  return Error(ErrorCode::corrupt,
               text("format.zstd_length", {{"expected", std::to_string(expected)}}));
}

void check(std::size_t result) {
  if (ZSTD_isError(result)) throw damaged(ZSTD_getErrorName(result));
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct Compressor::State {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
};

Compressor::Compressor(int level) : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
  check(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, level));
}

Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

void Compressor::compress(ByteView in, Bytes& out) {
  out.resize(ZSTD_compressBound(in.size()));
  const std::size_t size =
      ZSTD_compress2(state_->context.get(), out.data(), out.size(), in.data(), in.size());
  // Into a buffer of the bound's size it fails only for want of memory.
  if (ZSTD_isError(size)) throw std::bad_alloc();
  out.resize(size);
}

struct Decompressor::State {
  std::unique_ptr<ZSTD_DCtx, FreeContext> context{ZSTD_createDCtx()};
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
}

Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

void Decompressor::decompress(ByteView in, std::size_t expected, Bytes& out) {
  if (expected > most_content(in.size())) throw wrong_length(expected);
  out.resize(expected);
  const std::size_t size =
      ZSTD_decompressDCtx(state_->context.get(), out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(size) && ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall) {
    throw wrong_length(expected);
  }
  check(size);
  if (size != expected) throw wrong_length(expected);
}

void Decompressor::decompress_unknown(ByteView in, std::size_t limit, Bytes& out) {
  const auto stated = ZSTD_getFrameContentSize(in.data(), in.size());
  if (stated == ZSTD_CONTENTSIZE_ERROR) throw damaged("not a zstd frame");
  const bool is_known = stated != ZSTD_CONTENTSIZE_UNKNOWN;
  if (is_known && stated > limit) throw damaged("larger than allowed");
  if (is_known && ZSTD_findFrameCompressedSize(in.data(), in.size()) == in.size()) {
    decompress(in, static_cast<std::size_t>(stated), out);
    return;
  }
  check(ZSTD_DCtx_reset(state_->context.get(), ZSTD_reset_session_only));
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::size_t size = 0;
  std::size_t open_frame = 1;
  out.resize(std::min(limit, kLargestBlock) + 1);
  // One byte more than the limit may be written, so that a frame of exactly the limit's length can
  // be told from a longer one.
  while (open_frame != 0 || input.pos < input.size) {
    if (size == out.size()) {
      if (size > limit) throw damaged("larger than allowed");
      out.resize(std::min(limit, 2 * size) + 1);
    }
    const std::size_t consumed_before = input.pos;
    ZSTD_outBuffer output{out.data() + size, out.size() - size, 0};
    open_frame = ZSTD_decompressStream(state_->context.get(), &output, &input);
    check(open_frame);
    size += output.pos;
    if (output.pos == 0 && input.pos == consumed_before) throw damaged("frame ends too early");
  }
  if (size > limit) throw damaged("larger than allowed");
  out.resize(size);
}

}  // namespace hikae::format
