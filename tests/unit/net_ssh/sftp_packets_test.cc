// SPDX-License-Identifier: Apache-2.0
// Vectors are written out from the field lists of draft-ietf-secsh-filexfer-02 and of OpenSSH's
// file PROTOCOL; that real servers agree is shown by the conformance tests of the backend.
#include "net/sftp_packets.h"

#include <functional>

#include <gmock/gmock.h>

#include "base/error.h"

namespace hikae::net::sftp {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// "00000005 'abc'": hex digits with spaces, and text in quotes.
Bytes bytes(std::string_view notation) {
  Bytes result;
  int high = -1;
  bool quoted = false;
  for (const char c : notation) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted) {
      result.push_back(static_cast<std::uint8_t>(c));
    } else if (c != ' ') {
      const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
      if (high >= 0) result.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = high < 0 ? digit : -1;
    }
  }
  return result;
}

template <typename Parse>
void expect_refused(Parse parse) {
  try {
    parse();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
  }
}

TEST(SftpPackets, EncodesEachRequest) {
  const Attributes mode{std::nullopt, 0600, std::nullopt};
  EXPECT_EQ(encode_init(), bytes("00000005 01 00000003"));
  EXPECT_EQ(encode_open(1, "a/b", OpenFlags::create_new, mode),
            bytes("00000018 03 00000001 00000003'a/b' 0000002a 00000004 00000180"));
  EXPECT_EQ(encode_open(1, "ab", OpenFlags::read, {}),
            bytes("00000013 03 00000001 00000002'ab' 00000001 00000000"));
  EXPECT_EQ(encode_close(2, "hh"), bytes("0000000b 04 00000002 00000002'hh'"));
  EXPECT_EQ(encode_read(3, "h", 0x123456789aULL, 0x8000),
            bytes("00000016 05 00000003 00000001'h' 000000123456789a 00008000"));
  EXPECT_EQ(encode_stat(4, "x"), bytes("0000000a 11 00000004 00000001'x'"));
  EXPECT_EQ(encode_fstat(5, "h"), bytes("0000000a 08 00000005 00000001'h'"));
  EXPECT_EQ(encode_fsetstat(6, "h", {std::nullopt, 0400, 0x10}),
            bytes("0000001a 0a 00000006 00000001'h' 0000000c 00000100 00000010 00000010"));
  EXPECT_EQ(encode_opendir(7, "d"), bytes("0000000a 0b 00000007 00000001'd'"));
  EXPECT_EQ(encode_readdir(8, "h"), bytes("0000000a 0c 00000008 00000001'h'"));
  EXPECT_EQ(encode_remove(9, "f"), bytes("0000000a 0d 00000009 00000001'f'"));
  EXPECT_EQ(encode_mkdir(10, "d", {std::nullopt, 0700, std::nullopt}),
            bytes("00000012 0e 0000000a 00000001'd' 00000004 000001c0"));
  EXPECT_EQ(encode_rename(11, "a", "b"), bytes("0000000f 12 0000000b 00000001'a' 00000001'b'"));
  EXPECT_EQ(
      encode_posix_rename(12, "a", "b"),
      bytes("0000002b c8 0000000c 00000018'posix-rename@openssh.com' 00000001'a' 00000001'b'"));
  EXPECT_EQ(encode_fsync(13, "h"),
            bytes("0000001f c8 0000000d 00000011'fsync@openssh.com' 00000001'h'"));
  EXPECT_EQ(encode_statvfs(14, "/"),
            bytes("00000021 c8 0000000e 00000013'statvfs@openssh.com' 00000001'/'"));
  EXPECT_EQ(encode_limits(15), bytes("0000001b c8 0000000f 00000012'limits@openssh.com'"));
}

TEST(SftpPackets, CountsTheDataOfAWrite) {
  EXPECT_EQ(encode_write_head(1, "h", 16, 5),
            bytes("0000001b 06 00000001 00000001'h' 0000000000000010 00000005"));
}

TEST(SftpPackets, KnowsHowLongAPacketIs) {
  EXPECT_EQ(packet_size(bytes("000000")), std::nullopt);
  EXPECT_EQ(packet_size(bytes("00000005")), 9U);
  EXPECT_EQ(packet_size(bytes("00100000")), 4U + (1U << 20U));
  expect_refused([] { packet_size(bytes("00000000")); });
  expect_refused([] { packet_size(bytes("00100001")); });
  // What a login shell that prints a greeting looks like.
  expect_refused([] { packet_size(as_bytes("Welcome")); });
}

TEST(SftpPackets, ReadsTheVersionWithItsExtensions) {
  const Version version =
      parse_version(bytes("0000003e 02 00000003 00000018'posix-rename@openssh.com' 00000001'1'"
                          "00000010'vendor@some.test' 00000000"));
  EXPECT_EQ(version.number, 3U);
  EXPECT_THAT(
      version.extensions,
      UnorderedElementsAre(Pair("posix-rename@openssh.com", "1"), Pair("vendor@some.test", "")));
  EXPECT_TRUE(parse_version(bytes("00000005 02 00000003")).extensions.empty());
}

TEST(SftpPackets, ReadsStatusWithAndWithoutWords) {
  const Answer failed =
      parse_answer(bytes("00000018 65 00000007 00000004 00000007'Failure' 00000000"));
  EXPECT_EQ(failed.kind, Answer::Kind::status);
  EXPECT_EQ(failed.id, 7U);
  EXPECT_EQ(failed.status, StatusCode::failure);
  EXPECT_EQ(failed.message, "Failure");
  EXPECT_EQ(parse_answer(bytes("00000009 65 00000008 00000001")).status, StatusCode::end_of_file);
  EXPECT_EQ(parse_answer(bytes("00000009 65 00000008 0000000f")).status,
            StatusCode::quota_exceeded);
}

TEST(SftpPackets, ReadsHandleDataAndExtendedReply) {
  EXPECT_EQ(parse_answer(bytes("0000000d 66 00000001 00000004 00000001")).handle,
            std::string("\0\0\0\1", 4));
  const Bytes packet = bytes("0000000c 67 00000002 00000003'xyz'");
  EXPECT_EQ(as_text(parse_answer(packet).data), "xyz");
  EXPECT_EQ(as_text(parse_answer(bytes("00000007 c9 00000002 'ab'")).data), "ab");
}

TEST(SftpPackets, ReadsNamesWithAllKindsOfAttributes) {
  const Answer answer = parse_answer(
      bytes("00000063 68 00000003 00000002"
            "00000001'f' 0000000c'-rw-r--r-- f' 0000000f 0000000100000000 000003e8 000003e9"
            "000081a4 6553f100 6553f101"
            "00000001'd' 00000000 80000004 000041ed 00000001 00000006'a@test' 00000002'xx'"));
  ASSERT_EQ(answer.kind, Answer::Kind::names);
  ASSERT_EQ(answer.names.size(), 2U);
  EXPECT_EQ(answer.names[0].name, "f");
  EXPECT_EQ(answer.names[0].attributes.size, std::uint64_t{1} << 32U);
  EXPECT_EQ(answer.names[0].attributes.modified, 0x6553f101U);
  EXPECT_EQ(answer.names[1].name, "d");
  EXPECT_TRUE(is_folder(answer.names[1].attributes));
}

TEST(SftpPackets, ReadsAttributes) {
  const Attributes file =
      parse_answer(bytes("00000025 69 00000003 0000000f 0000000100000000 000003e8 000003e9 000081a4"
                         "6553f100 6553f101"))
          .attributes;
  EXPECT_EQ(file, (Attributes{std::uint64_t{1} << 32U, 0100644U, 0x6553f101U}));
  EXPECT_TRUE(is_regular_file(file));
  EXPECT_FALSE(is_folder(file));
  const Attributes folder =
      parse_answer(bytes("00000021 69 00000003 80000004 000041ed 00000001 00000006'a@test'"
                         "00000002'xx'"))
          .attributes;
  EXPECT_TRUE(is_folder(folder));
  EXPECT_EQ(folder.size, std::nullopt);
  EXPECT_FALSE(is_folder({})) << "a server that tells no permissions";
}

TEST(SftpPackets, ReadsFileSystemAndLimits) {
  const FileSystem space = parse_statvfs(
      bytes("0000000000001000 0000000000000200 0000000000000064 0000000000000032 0000000000000028"
            "0000000000000010 0000000000000008 0000000000000007 0000000000000001 0000000000000001"
            "00000000000000ff"));
  EXPECT_EQ(space.block_size, 0x200U);
  EXPECT_EQ(space.blocks, 100U);
  EXPECT_EQ(space.free_blocks, 40U);
  EXPECT_EQ(space.files, 16U);
  EXPECT_EQ(space.free_files, 7U);
  EXPECT_TRUE(space.read_only);
  const Limits limits =
      parse_limits(bytes("0000000000040000 000000000003fc00 000000000003fc00 00000000000003fb"));
  EXPECT_EQ(limits.packet_bytes, 262144U);
  EXPECT_EQ(limits.read_bytes, 261120U);
  EXPECT_EQ(limits.write_bytes, 261120U);
  EXPECT_EQ(limits.open_handles, 1019U);
}

TEST(SftpPackets, RefusesWhatIsCutShort) {
  const Bytes whole[] = {
      bytes("00000011 02 00000003 00000004'name' 00000000"),
      bytes("0000000d 66 00000001 00000004 00000001"),
      bytes("0000000c 67 00000002 00000003'xyz'"),
      bytes("00000025 69 00000003 0000000f 0000000100000000 000003e8 000003e9 000081a4 6553f100"
            "6553f101"),
  };
  for (const Bytes& packet : whole) {
    for (std::size_t size = 5; size < packet.size(); ++size) {
      // With a length that agrees: what is missing is a field.
      Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
      cut[3] = static_cast<std::uint8_t>(size - 4);
      if (packet[4] == 2) {
        // Without any extension, a version is whole.
        if (size != 9) expect_refused([&] { parse_version(cut); });
      } else {
        expect_refused([&] { parse_answer(cut); });
      }
    }
  }
  expect_refused([] { parse_answer(bytes("00000009 65 00000008 000000")); });
  expect_refused([] { parse_answer(bytes("00000005 63 00000008")); });
  expect_refused([] { parse_statvfs(bytes("0000000000001000")); });
  expect_refused([] { parse_limits(bytes("0000000000001000")); });
}

}  // namespace
}  // namespace hikae::net::sftp
