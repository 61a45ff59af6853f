// SPDX-License-Identifier: Apache-2.0
// Sentences about sources and destinations.
#include "policy/explainer.h"
#include "policy/values.h"

namespace hikae::policy {
namespace {

constexpr auto kSources = ExplainTopic::sources;
constexpr auto kDestinations = ExplainTopic::destinations;

std::string databases_of(const Explainer& explainer, const std::vector<std::string>& databases) {
  if (databases == std::vector<std::string>{"all"}) {
    return explainer.words("policy.explain.all_databases");
  }
  return explainer.joined(databases);
}

std::string methods_of(const Explainer& explainer, const std::vector<PostgresMethod>& methods) {
  std::vector<std::string> parts;
  for (const PostgresMethod method : methods) {
    parts.push_back(explainer.words(method == PostgresMethod::logical ? "policy.explain.logical"
                                                                      : "policy.explain.physical"));
  }
  return explainer.joined(parts);
}

std::string_view quiesce_key(Quiesce quiesce) {
  switch (quiesce) {
    case Quiesce::pause:
      return "policy.explain.volume_pause";
    case Quiesce::stop:
      return "policy.explain.volume_stop";
    case Quiesce::none:
      break;
  }
  return "policy.explain.volume";
}

void explain_kind(Explainer& explainer, const Source& source, const std::string& path) {
  const Text::Arguments name = {{"source", source.name}};
  const auto with = [&](Text::Arguments more) {
    more.insert(more.begin(), name.begin(), name.end());
    return more;
  };
  switch (source.kind()) {
    case SourceKind::files:
      explainer.say(kSources,
                    path + ".files",
                    "policy.explain.files",
                    with({{"paths", explainer.joined(source.files)}}));
      return;
    case SourceKind::postgres:
      explainer.say(kSources,
                    path + ".postgres",
                    "policy.explain.postgres",
                    with({{"databases", databases_of(explainer, source.postgres->databases)},
                          {"methods", methods_of(explainer, source.postgres->method)}}));
      return;
    case SourceKind::docker_volume:
      explainer.say(kSources,
                    path + ".docker_volume",
                    quiesce_key(source.quiesce.value_or(source.docker_volume->quiesce)),
                    with({{"volume", source.docker_volume->name}}));
      break;
    case SourceKind::docker_postgres:
      explainer.say(
          kSources,
          path + ".docker_postgres",
          "policy.explain.docker_postgres",
          with({{"container", source.docker_postgres->container},
                {"databases", databases_of(explainer, source.docker_postgres->databases)}}));
      break;
  }
  explainer.say(kSources, path, "policy.explain.not_yet", name);
}

void explain_exclusions(Explainer& explainer, const Source& source, const std::string& path) {
  const Text::Arguments name = {{"source", source.name}};
  bool whole = true;
  const auto left_out = [&](const char* key, std::string_view sentence, std::string what) {
    whole = false;
    explainer.say(
        kSources, path + "." + key, sentence, {{"source", source.name}, {"what", std::move(what)}});
  };
  const auto patterns =
      [&](const char* key, std::string_view sentence, const std::vector<std::string>& values) {
        if (!values.empty()) left_out(key, sentence, explainer.joined(values));
      };
  patterns("exclude", "policy.explain.exclude", source.exclude);
  patterns("iexclude", "policy.explain.iexclude", source.iexclude);
  patterns("exclude_file", "policy.explain.exclude_file", source.exclude_file);
  patterns("exclude_if_present", "policy.explain.exclude_if_present", source.exclude_if_present);
  if (source.exclude_caches) left_out("exclude_caches", "policy.explain.exclude_caches", "");
  if (source.exclude_larger_than) {
    left_out("exclude_larger_than",
             "policy.explain.exclude_larger_than",
             write_size(*source.exclude_larger_than));
  }
  if (source.one_file_system) left_out("one_file_system", "policy.explain.one_file_system", "");
  if (whole) explainer.say(kSources, path + ".exclude", "policy.explain.whole", name);
}

void explain_guards(Explainer& explainer, const Source& source, const std::string& path) {
  const Text::Arguments name = {{"source", source.name}};
  explainer.say(kSources,
                path + ".allow_empty",
                source.allow_empty ? "policy.explain.may_be_empty" : "policy.explain.not_empty",
                name);
  if (source.require_mount) {
    explainer.say(kSources, path + ".require_mount", "policy.explain.source_mount", name);
  }
}

void explain_objectives(Explainer& explainer, const Source& source, const std::string& path) {
  if (source.objectives.rpo) {
    explainer.say(
        kSources,
        path + ".objectives.rpo",
        "policy.explain.rpo",
        {{"source", source.name}, {"length", explainer.duration(*source.objectives.rpo)}});
  }
  if (source.objectives.rto) {
    explainer.say(
        kSources,
        path + ".objectives.rto",
        "policy.explain.rto",
        {{"source", source.name}, {"length", explainer.duration(*source.objectives.rto)}});
  }
}

void explain_hooks(Explainer& explainer,
                   ExplainTopic topic,
                   const Hooks& hooks,
                   const std::string& path) {
  const auto count =
      hooks.before.size() + hooks.after.size() + hooks.on_error.size() + hooks.finally.size();
  if (count == 0) return;
  explainer.say(topic, path, "policy.explain.hooks", {{"count", std::to_string(count)}});
}

void explain_protection(Explainer& explainer,
                        const Destination& destination,
                        const std::string& path) {
  const Text::Arguments name = {{"destination", destination.name}};
  if (destination.server_side_encryption) {
    explainer.say(
        kDestinations, path + ".server_side_encryption", "policy.explain.server_side", name);
  }
  if (destination.object_lock) {
    explainer.say(kDestinations,
                  path + ".object_lock",
                  "policy.explain.object_lock",
                  {{"destination", destination.name},
                   {"length", explainer.duration(destination.object_lock->keep)}});
  }
  if (!destination.may_delete) {
    explainer.say(kDestinations, path + ".may_delete", "policy.explain.may_not_delete", name);
  }
  if (destination.require_mount) {
    explainer.say(kDestinations, path + ".require_mount", "policy.explain.destination_mount", name);
  }
  // A bucket has no end.
  if (destination.min_free != Share() && !destination.url.starts_with("s3:")) {
    explainer.say(
        kDestinations,
        path + ".min_free",
        "policy.explain.min_free",
        {{"destination", destination.name}, {"limit", write_share(destination.min_free)}});
  }
}

struct RateTexts {
  std::string_view always;
  std::string_view by_time;
};

void explain_rate(Explainer& explainer,
                  const std::string& path,
                  const RateTexts& texts,
                  const Destination& destination,
                  const std::vector<RateRule>& rules) {
  if (rules.empty()) return;
  std::string rates;
  for (const RateRule& rule : rules) rates += (rates.empty() ? "" : ", ") + write_rate_rule(rule);
  const bool always = rules.size() == 1 && !rules.front().hours && rules.front().bytes_per_second;
  explainer.say(kDestinations,
                path,
                always ? texts.always : texts.by_time,
                {{"destination", destination.name}, {"rate", rates}});
}

}  // namespace

void explain_sources(Explainer& explainer) {
  for (const Source& source : explainer.policy().sources) {
    const std::string path = "sources." + source.name;
    explain_kind(explainer, source, path);
    if (source.kind() == SourceKind::files) {
      explain_exclusions(explainer, source, path);
      explain_guards(explainer, source, path);
    }
    explain_objectives(explainer, source, path);
    explain_hooks(explainer, kSources, source.hooks, path + ".hooks");
  }
  explain_hooks(explainer, kSources, explainer.policy().hooks, "hooks");
}

void explain_destinations(Explainer& explainer) {
  for (const Destination& destination : explainer.policy().destinations) {
    const std::string path = "destinations." + destination.name;
    explainer.say(kDestinations,
                  path + ".url",
                  "policy.explain.destination",
                  {{"destination", destination.name}, {"url", destination.url}});
    explain_protection(explainer, destination, path);
    explain_rate(explainer,
                 path + ".limit_upload",
                 {"policy.explain.limit_upload", "policy.explain.limit_upload_by_time"},
                 destination,
                 destination.limit_upload);
    explain_rate(explainer,
                 path + ".limit_download",
                 {"policy.explain.limit_download", "policy.explain.limit_download_by_time"},
                 destination,
                 destination.limit_download);
    explain_hooks(explainer, kDestinations, destination.hooks, path + ".hooks");
  }
  const auto copies = explainer.policy().destinations.size();
  explainer.say(kDestinations,
                "destinations",
                copies == 1 ? "policy.explain.one_copy" : "policy.explain.copies",
                {{"count", std::to_string(copies)}});
}

}  // namespace hikae::policy
