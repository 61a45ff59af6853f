// SPDX-License-Identifier: Apache-2.0
// Messages as a company would get them; the manual shows some of them.
#pragma once

#include <string>

#include "notify/render.h"

namespace hikae::notify::testing {

inline Instant at(std::int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

// 2026-11-23 02:00:00 in Tokyo.
inline constexpr std::int64_t kTwo = 1795366800;

inline OutcomeFacts outcome(const std::string& source,
                            const std::string& destination,
                            std::uint64_t files,
                            std::uint64_t bytes,
                            std::uint64_t added,
                            int seconds) {
  OutcomeFacts facts;
  facts.source = source;
  facts.destination = destination;
  facts.verdict = Verdict::ok;
  facts.files = files;
  facts.bytes = bytes;
  facts.added = added;
  facts.took = std::chrono::seconds(seconds);
  facts.snapshot = "1a2b3c4d5e6f70811a2b3c4d5e6f70811a2b3c4d5e6f70811a2b3c4d5e6f7081";
  facts.kept = 7;
  facts.dropped = 1;
  return facts;
}

inline Message frame(Language language) {
  Message message;
  message.language = language;
  message.timezone = "Asia/Tokyo";
  message.policy = "internal-systems";
  message.host = "files01";
  message.slot = {"backup", "", at(kTwo)};
  message.time = at(kTwo + 452);
  return message;
}

inline Message completed(Language language) {
  Message message = frame(language);
  message.run = "0f1e2d3c4b5a6978";
  message.started = at(kTwo + 4);
  message.finished = at(kTwo + 451);
  message.outcomes = {outcome("fileshare", "nas", 70'001, 13'255'680'000, 125'829'120, 312),
                      outcome("fileshare", "s3", 70'001, 13'255'680'000, 125'829'120, 431),
                      outcome("config", "nas", 2'318, 18'350'080, 40'960, 315),
                      outcome("config", "s3", 2'318, 18'350'080, 40'960, 433)};
  return message;
}

inline Message failed(Language language) {
  const bool ja = language == Language::ja;
  Message message = completed(language);
  message.verdict = Verdict::partial;
  message.started = at(kTwo + 4);
  message.finished = at(kTwo + 1500);
  message.time = at(kTwo + 1501);
  OutcomeFacts lost;
  lost.source = "fileshare";
  lost.destination = "s3";
  lost.verdict = Verdict::failed;
  message.outcomes[1] = lost;
  message.outcomes[0].verdict = Verdict::partial;
  message.outcomes[0].unreadable = 3;
  message.outcomes.pop_back();
  message.unreadable = 3;
  message.problems = {
      ja ? Problem{"保存先 s3: s3.ap-northeast-1.amazonaws.com に接続できません: Connection timed "
                   "out",
                   "サーバーが稼働しているか、途中のファイアウォールで遮断されていないかを確認して"
                   "ください。"}
         : Problem{"destination s3: No connection to s3.ap-northeast-1.amazonaws.com: Connection "
                   "timed out",
                   "Check that the server runs, and that no firewall lies between."}};
  message.notes = {
      ja ? "今回 s3 に fileshare の正常な世代を作成できなかったため、古い世代は削除していません。"
         : "Nothing of fileshare was deleted in s3, since this run made no good "
           "generation there."};
  const std::string reason = ja ? "保存先 s3: 接続できません" : "destination s3: no connection";
  message.attempts = {{at(kTwo + 4), Verdict::partial, reason},
                      {at(kTwo + 700), Verdict::partial, reason},
                      {at(kTwo + 1400), Verdict::partial, reason}};
  message.items = {{"fileshare", "/srv/fileshare/営業部/見積書.xlsx", "Permission denied"},
                   {"fileshare", "/srv/fileshare/a <b>&\"c\".txt", "Input/output error"}};
  return message;
}

inline Message missed(Language language) {
  Message message = frame(language);
  message.occasion = Occasion::missed;
  message.verdict = Verdict::failed;
  return message;
}

inline Message recovered(Language language) {
  Message message = completed(language);
  message.occasion = Occasion::recovered;
  message.since = at(kTwo - 86'400);
  return message;
}

inline Message undeliverable(Language language) {
  const bool ja = language == Language::ja;
  Message message = frame(language);
  message.occasion = Occasion::undeliverable;
  message.verdict = Verdict::failed;
  message.slot = {"notify", "", {}};
  message.channel = "slack";
  message.problems = {
      ja ? Problem{"hooks.slack.com が通知を拒否しました: 404 no_service",
                   "Webhook を作り直してポリシーが示す保管場所に記述し、\"hikae notify test\" "
                   "で確認してください。"}
         : Problem{
               "hooks.slack.com refuses the message: 404 no_service",
               "Make a new webhook and put its address in the place that the policy names; then "
               "\"hikae notify test\"."}};
  return message;
}

}  // namespace hikae::notify::testing
