// SPDX-License-Identifier: Apache-2.0
#include "policy/explain.h"

#include <array>

#include "base/json.h"
#include "policy/explainer.h"

namespace hikae::policy {
namespace {

constexpr std::array<std::string_view, 11> kTopics = {"general",
                                                      "sources",
                                                      "destinations",
                                                      "schedule",
                                                      "retention",
                                                      "encryption",
                                                      "retry",
                                                      "notify",
                                                      "drill",
                                                      "review",
                                                      "limits"};

std::string_view word_of(ExplainTopic topic) {
  return kTopics.at(static_cast<std::size_t>(topic));
}

void explain_general(Explainer& explainer) {
  const Policy& policy = explainer.policy();
  explainer.say(ExplainTopic::general, "name", "policy.explain.name", {{"policy", policy.name}});
  explainer.say(ExplainTopic::general,
                "timezone",
                "policy.explain.timezone",
                {{"timezone", policy.timezone}});
  explainer.say(ExplainTopic::general,
                "language",
                policy.language == Language::ja ? "policy.explain.language_ja"
                                                : "policy.explain.language_en");
}

void explain_encryption(Explainer& explainer) {
  const Encryption& encryption = explainer.policy().encryption;
  explainer.say(ExplainTopic::encryption, "encryption.at_rest", "policy.explain.at_rest");
  explainer.say(ExplainTopic::encryption,
                "encryption.in_transit",
                encryption.in_transit == TransportCipher::any ? "policy.explain.in_transit_any"
                                                              : "policy.explain.in_transit");
  explainer.say(ExplainTopic::encryption,
                "encryption.password",
                "policy.explain.password",
                {{"place", explainer.secret(encryption.password)}});
  explainer.say(ExplainTopic::encryption,
                "encryption.keys",
                encryption.keys == KeySharing::shared ? "policy.explain.keys_shared"
                                                      : "policy.explain.keys_separate");
}

void explain_retry(Explainer& explainer) {
  const RetryRule& retry = explainer.policy().retry;
  if (retry.attempts == 1) {
    explainer.say(ExplainTopic::retry, "retry.attempts", "policy.explain.no_retry");
    return;
  }
  explainer.say(ExplainTopic::retry,
                "retry",
                "policy.explain.retry",
                {{"attempts", std::to_string(retry.attempts)},
                 {"wait", explainer.duration(retry.wait)},
                 {"window", explainer.duration(explainer.policy().schedule.window)}});
}

std::string line_note(const Explanation& sentence, Language language) {
  if (sentence.place.line == 0) return render(text("policy.explain.by_default"), language);
  return render(text("policy.explain.line", {{"line", std::to_string(sentence.place.line)}}),
                language);
}

}  // namespace

void Explainer::say(ExplainTopic topic,
                    std::string path,
                    std::string_view key,
                    Text::Arguments arguments) {
  const Place place = place_of(policy_, path);
  sentences_.push_back({topic, text(key, std::move(arguments)), std::move(path), place});
}

std::string Explainer::words(std::string_view key, Text::Arguments arguments) const {
  return render(text(key, std::move(arguments)), language_);
}

std::string Explainer::joined(const std::vector<std::string>& parts) const {
  std::string result;
  for (const auto& part : parts) {
    result += (result.empty() ? "" : words("policy.explain.comma")) + part;
  }
  return result;
}

std::string Explainer::duration(std::chrono::seconds length) const {
  struct Unit {
    std::int64_t seconds;
    std::string_view key;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{86400, "policy.explain.days"},
                                                  {3600, "policy.explain.hours"},
                                                  {60, "policy.explain.minutes"},
                                                  {1, "policy.explain.seconds"}}};
  std::int64_t left = length.count();
  std::string result;
  for (const Unit& unit : kUnits) {
    if (left < unit.seconds && !(unit.seconds == 1 && result.empty())) continue;
    if (!result.empty()) result += " ";
    result += words(unit.key, {{"count", std::to_string(left / unit.seconds)}});
    left %= unit.seconds;
  }
  return result;
}

std::string Explainer::secret(const SecretReference& reference) const {
  static constexpr std::array<std::string_view, 4> kKeys = {"policy.explain.secret_file",
                                                            "policy.explain.secret_env",
                                                            "policy.explain.secret_command",
                                                            "policy.explain.secret_credential"};
  return words(kKeys.at(static_cast<std::size_t>(reference.kind)), {{"place", reference.value}});
}

std::string Explainer::events(const std::vector<NotifyEvent>& events) const {
  static constexpr std::array<std::string_view, 9> kKeys = {"policy.event.success",
                                                            "policy.event.warning",
                                                            "policy.event.partial",
                                                            "policy.event.failure",
                                                            "policy.event.failure_after_retries",
                                                            "policy.event.recovered",
                                                            "policy.event.missed",
                                                            "policy.event.drill",
                                                            "policy.event.review"};
  std::vector<std::string> parts;
  for (const NotifyEvent event : events) {
    parts.push_back(words(kKeys.at(static_cast<std::size_t>(event))));
  }
  return joined(parts);
}

std::vector<Explanation> explain(const Policy& policy, Language language) {
  Explainer explainer(policy, language);
  explain_general(explainer);
  explain_sources(explainer);
  explain_destinations(explainer);
  explain_schedule(explainer);
  explain_retention(explainer);
  explain_encryption(explainer);
  explain_retry(explainer);
  explain_people(explainer);
  return std::move(explainer).take();
}

Text heading(ExplainTopic topic) {
  return text("policy.topic." + std::string(word_of(topic)));
}

std::string render_explanation(const Policy& policy, Language language) {
  std::string result;
  std::optional<ExplainTopic> topic;
  for (const Explanation& sentence : explain(policy, language)) {
    if (topic != sentence.topic) {
      topic = sentence.topic;
      result += (result.empty() ? "" : "\n") + render(heading(*topic), language) + "\n";
    }
    result +=
        "  " + render(sentence.sentence, language) + " " + line_note(sentence, language) + "\n";
  }
  return result;
}

std::string explanation_json(const Policy& policy, Language language) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Explanation& sentence : explain(policy, language)) {
    json.begin_object();
    json.member("topic", word_of(sentence.topic));
    json.member("sentence", render(sentence.sentence, language));
    json.member("path", sentence.path);
    if (sentence.place.line > 0) {
      json.member("line", sentence.place.line).member("column", sentence.place.column);
    }
    json.end_object();
  }
  json.end_array();
  return out;
}

}  // namespace hikae::policy
