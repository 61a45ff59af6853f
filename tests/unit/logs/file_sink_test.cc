// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "logs/reader.h"
#include "logs/sink.h"
#include "support/temp_dir.h"

namespace hikae::logs {
namespace {

namespace fs = std::filesystem;
using hikae::testing::TempDir;

Line line_number(int number) {
  Line line;
  line.time = Instant(std::chrono::seconds(1'795'402'800 + number));
  line.event = "x";
  line.policy = "company";
  line.numbers["number"] = static_cast<std::uint64_t>(number);
  return line;
}

TEST(FileSink, WritesLinesThatOthersOfTheGroupMayRead) {
  const TempDir folder;
  const mode_t before = umask(077);
  const auto sink = make_file_sink(folder / "log", {});
  sink->write(line_number(1));
  sink->write(line_number(2));
  umask(before);
  EXPECT_FALSE(sink->failure());
  struct stat status {};
  ASSERT_EQ(stat((folder / "log/hikae.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  const LogContent content = load_log(folder / "log", "company", Instant{});
  ASSERT_EQ(content.lines.size(), 2);
  EXPECT_EQ(content.lines[1], line_number(2));
  EXPECT_TRUE(load_log(folder / "log", "other", Instant{}).lines.empty());
  EXPECT_EQ(load_log(folder / "log", "company", line_number(2).time).lines.size(), 1);
}

TEST(FileSink, PutsFullFilesAsideAndKeepsSoMany) {
  const TempDir folder;
  const std::size_t length = encode_line(line_number(10)).size() + 1;
  const auto sink = make_file_sink(folder / "log", {3 * length, 2});
  for (int i = 0; i < 20; ++i) sink->write(line_number(10 + i));
  const auto files = list_log_files(folder / "log");
  ASSERT_EQ(files.size(), 3);
  for (const std::string& file : files) EXPECT_LE(fs::file_size(file), 3 * length);
  // The newest, in order and without a gap.
  const LogContent content = load_log(folder / "log", "company", Instant{});
  ASSERT_EQ(content.lines.size(), 8);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(content.lines[i].numbers.at("number"), 22 + i);
}

TEST(FileSink, TwoProcessesLoseNothingWhileTheyPutFilesAside) {
  const TempDir folder;
  constexpr int kLines = 400;
  const std::size_t length = encode_line(line_number(1000)).size() + 1;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  const auto sink = make_file_sink(folder / "log", {10 * length, 1000});
  const int first = child == 0 ? 1000 : 3000;
  for (int i = 0; i < kLines; ++i) sink->write(line_number(first + i));
  if (child == 0) _exit(sink->failure() ? 1 : 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const LogContent content = load_log(folder / "log", "company", Instant{});
  EXPECT_EQ(content.unreadable_lines, 0);
  std::set<std::uint64_t> numbers;
  for (const Line& line : content.lines) numbers.insert(line.numbers.at("number"));
  EXPECT_EQ(content.lines.size(), 2 * kLines);
  EXPECT_EQ(numbers.size(), 2 * kLines);
}

TEST(FileSink, ATornLineStaysAlone) {
  const TempDir folder;
  fs::create_directories(folder / "log");
  std::ofstream(folder / "log/hikae.log") << R"({"time":"2026-11-2)";
  const auto sink = make_file_sink(folder / "log", {});
  sink->write(line_number(1));
  const LogContent content = load_log(folder / "log", "company", Instant{});
  EXPECT_EQ(content.unreadable_lines, 1);
  ASSERT_EQ(content.lines.size(), 1);
  EXPECT_EQ(content.lines[0], line_number(1));
}

TEST(FileSink, AFolderThatCannotBeMadeIsToldAndFailsNothing) {
  const TempDir folder;
  std::ofstream(folder / "log") << "a file";
  const auto sink = make_file_sink(folder / "log", {});
  sink->write(line_number(1));
  ASSERT_TRUE(sink->failure());
  EXPECT_THAT(render(*sink->failure(), Language::en), ::testing::HasSubstr("hikae.log"));
}

}  // namespace
}  // namespace hikae::logs
