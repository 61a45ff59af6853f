// SPDX-License-Identifier: Apache-2.0
#include "cli/prune_output.h"

#include <unordered_map>

#include "base/json.h"
#include "base/units.h"

namespace hikae::cli {
namespace {

using Action = PruneItem::Action;
using Reason = PruneItem::Reason;

struct Count {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  void add(std::uint64_t more_bytes) {
    ++blobs;
    bytes += more_bytes;
  }
};

// restic's figures, from the plan and the index.
struct PruneCounts {
  Count used, duplicate, unused, total, repack, repack_remove, remove, remaining;
  std::uint64_t unreferenced_bytes = 0;
  std::uint64_t uncompressed_bytes = 0;
  std::uint64_t unused_removed_bytes = 0;
  std::uint64_t packs_used = 0, packs_unused = 0, packs_partly_used = 0, packs_unreferenced = 0;
  std::uint64_t packs_kept = 0, packs_repacked = 0, packs_removed = 0;
};

// A blob in several places is used in one of them; the others are duplicates.
void count_blobs(PruneCounts& counts,
                 const PrunePlan& plan,
                 const Index& index,
                 const std::vector<char>& used) {
  std::unordered_map<PackId, Action> actions;
  for (const PruneItem& item : plan.items) actions.emplace(item.pack, item.action);
  std::uint32_t number = 0;
  index.for_each([&](const BlobLocation& place) {
    const std::uint32_t own = number++;
    const auto action = actions.find(place.pack);
    if (action == actions.end()) return;  // the pack is gone already
    const std::uint64_t bytes = place.blob.length;
    counts.total.add(bytes);
    if (!place.blob.is_compressed()) counts.uncompressed_bytes += bytes;
    const auto first = index.position(place.blob.type, place.blob.id);
    const bool is_used = used[own] != 0;
    const bool is_copy = !is_used && first && used[*first] != 0;
    (is_used ? counts.used : is_copy ? counts.duplicate : counts.unused).add(bytes);
    if (action->second == Action::repack) {
      counts.repack.add(bytes);
      if (!is_used) counts.repack_remove.add(bytes);
    } else if (action->second == Action::remove) {
      counts.remove.add(bytes);
    }
    if (!is_used && action->second != Action::keep) counts.unused_removed_bytes += bytes;
  });
  counts.remaining.blobs = counts.total.blobs - counts.repack_remove.blobs - counts.remove.blobs;
  counts.remaining.bytes = counts.total.bytes - counts.repack_remove.bytes - counts.remove.bytes;
}

void count_packs(PruneCounts& counts, const PrunePlan& plan) {
  for (const PruneItem& item : plan.items) {
    if (item.reason == Reason::not_indexed) {
      ++counts.packs_unreferenced;
      counts.unreferenced_bytes += item.size;
      continue;
    }
    if (item.used_bytes == 0) {
      ++counts.packs_unused;
    } else if (item.reason == Reason::partly_used || item.reason == Reason::within_limit) {
      ++counts.packs_partly_used;
    } else {
      ++counts.packs_used;
    }
    if (item.action == Action::keep) ++counts.packs_kept;
    if (item.action == Action::repack) ++counts.packs_repacked;
    if (item.action == Action::remove) ++counts.packs_removed;
  }
}

void write_blobs(JsonWriter& json, const PruneCounts& counts) {
  json.key("blobs").begin_object();
  json.member("used", counts.used.blobs).member("duplicate", counts.duplicate.blobs);
  json.member("unused", counts.unused.blobs).member("total", counts.total.blobs);
  json.member("repack", counts.repack.blobs);
  json.member("repack_remove", counts.repack_remove.blobs);
  json.member("remove", counts.remove.blobs);
  json.member("remove_total", counts.remove.blobs + counts.repack_remove.blobs);
  json.member("remaining", counts.remaining.blobs).end_object();
}

void write_bytes(JsonWriter& json, const PruneCounts& counts) {
  json.key("bytes").begin_object();
  json.member("used", counts.used.bytes).member("duplicate", counts.duplicate.bytes);
  json.member("unused", counts.unused.bytes);
  json.member("unreferenced", counts.unreferenced_bytes);
  json.member("uncompressed", counts.uncompressed_bytes);
  json.member("total", counts.total.bytes + counts.unreferenced_bytes);
  json.member("repack", counts.repack.bytes);
  json.member("repack_remove", counts.repack_remove.bytes);
  json.member("remove", counts.remove.bytes);
  json.member("remove_total",
              counts.remove.bytes + counts.repack_remove.bytes + counts.unreferenced_bytes);
  json.member("remaining", counts.remaining.bytes);
  json.member("remaining_unused",
              counts.unused.bytes + counts.duplicate.bytes - counts.unused_removed_bytes);
  json.end_object();
}

void write_packs(JsonWriter& json, const PruneCounts& counts, std::size_t total) {
  json.key("packfiles").begin_object();
  json.member("used", counts.packs_used).member("unused", counts.packs_unused);
  json.member("partly_used", counts.packs_partly_used);
  json.member("unreferenced", counts.packs_unreferenced);
  json.member("total", std::uint64_t{total}).member("keep", counts.packs_kept);
  json.member("repack", counts.packs_repacked).member("remove", counts.packs_removed);
  json.member("remove_total",
              counts.packs_removed + counts.packs_repacked + counts.packs_unreferenced);
  json.end_object();
}

void print_json(const Session& session,
                const PrunePlan& plan,
                const Index& index,
                const std::vector<char>& used) {
  PruneCounts counts;
  count_blobs(counts, plan, index, used);
  count_packs(counts, plan);
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "summary");
  write_blobs(json, counts);
  write_bytes(json, counts);
  write_packs(json, counts, plan.items.size());
  json.end_object();
  session.console.print(out + "\n");
}

struct Kind {
  Action action;
  Reason reason;
  Text title;
  Text why;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = {
      {Action::keep, Reason::all_used, text("cli_prune.keep"), text("cli_prune.all_used")},
      {Action::keep, Reason::within_limit, text("cli_prune.keep"), text("cli_prune.within_limit")},
      {Action::keep, Reason::spared, text("cli_prune.keep"), text("cli_prune.spared")},
      {Action::repack,
       Reason::partly_used,
       text("cli_prune.repack"),
       text("cli_prune.partly_used")},
      {Action::repack, Reason::mixed, text("cli_prune.repack"), text("cli_prune.mixed")},
      {Action::repack, Reason::small, text("cli_prune.repack"), text("cli_prune.small")},
      {Action::remove,
       Reason::nothing_used,
       text("cli_prune.remove"),
       text("cli_prune.nothing_used")},
      {Action::remove,
       Reason::not_indexed,
       text("cli_prune.remove"),
       text("cli_prune.not_indexed")},
  };
  return kKinds;
}

void print_kinds(const Session& session, const PrunePlan& plan) {
  const auto words = [&](const Text& name) { return render(name, session.console.language()); };
  Table table;
  table.add_column(words(text("cli_prune.column_action")));
  table.add_column(words(text("cli_prune.column_packs")), Table::Align::right);
  table.add_column(words(text("cli_prune.column_size")), Table::Align::right);
  table.add_column(words(text("cli_prune.column_used")), Table::Align::right);
  table.add_column(words(text("cli_prune.column_why")));
  for (const Kind& kind : kinds()) {
    std::uint64_t packs = 0;
    std::uint64_t size = 0;
    std::uint64_t used = 0;
    for (const PruneItem& item : plan.items) {
      if (item.action != kind.action || item.reason != kind.reason) continue;
      ++packs;
      size += item.size;
      used += item.used_bytes;
    }
    if (packs == 0) continue;
    table.add_row({words(kind.title),
                   std::to_string(packs),
                   format_bytes(size),
                   format_bytes(used),
                   words(kind.why)});
  }
  session.console.print(table.render());
}

void print_packs(const Session& session, const PrunePlan& plan) {
  std::string out;
  for (const Kind& kind : kinds()) {
    if (kind.action == Action::keep) continue;
    for (const PruneItem& item : plan.items) {
      if (item.action != kind.action || item.reason != kind.reason) continue;
      out += render(text("cli_prune.pack",
                         {{"action", render(kind.title, session.console.language())},
                          {"pack", item.pack.hex()},
                          {"size", format_bytes(item.size)},
                          {"used", format_bytes(item.used_bytes)},
                          {"why", render(kind.why, session.console.language())}}),
                    session.console.language()) +
             "\n";
    }
  }
  session.console.print(out);
}

}  // namespace

void print_prune_plan(const Session& session,
                      const PrunePlan& plan,
                      const Index& index,
                      const std::vector<char>& used) {
  if (session.options.json) {
    print_json(session, plan, index, used);
    return;
  }
  if (session.options.verbose > 0) print_packs(session, plan);
  print_kinds(session, plan);
  session.console.say(text("cli_prune.totals",
                           {{"total", format_bytes(plan.bytes_total)},
                            {"used", format_bytes(plan.bytes_used)},
                            {"freed", format_bytes(plan.bytes_freed)},
                            {"moved", format_bytes(plan.bytes_to_repack)},
                            {"left", format_bytes(plan.bytes_left_unused)}}));
}

namespace {

std::string_view spared_word(PruneSpared::Reason reason) {
  switch (reason) {
    case PruneSpared::Reason::needed_now:
      return "needed_now";
    case PruneSpared::Reason::indexed_now:
      return "indexed_now";
    case PruneSpared::Reason::gone_already:
      return "gone_already";
  }
  return "";
}

Text spared_text(PruneSpared::Reason reason, const Text::Arguments& arguments) {
  switch (reason) {
    case PruneSpared::Reason::needed_now:
      return text("cli_prune.spared_needed", arguments);
    case PruneSpared::Reason::indexed_now:
      return text("cli_prune.spared_indexed", arguments);
    case PruneSpared::Reason::gone_already:
      return text("cli_prune.spared_gone", arguments);
  }
  return {};
}

void print_spared_json(const Session& session, const PruneRemovals& removals) {
  if (removals.spared.empty()) return;
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("message_type", "spared").key("packs").begin_array();
  for (const PruneSpared& spared : removals.spared) {
    json.begin_object().member("pack", spared.pack.hex()).member("size", spared.size);
    json.member("reason", spared_word(spared.reason)).end_object();
  }
  json.end_array().end_object();
  session.console.print(out + "\n");
}

}  // namespace

void print_prune_end(const Session& session, PruneDone done, const PruneRemovals& removals) {
  if (session.options.json) {
    print_spared_json(session, removals);
    return;
  }
  using Why = PruneSpared::Reason;
  for (const Why reason : {Why::needed_now, Why::indexed_now, Why::gone_already}) {
    std::uint64_t packs = 0;
    std::uint64_t bytes = 0;
    for (const PruneSpared& spared : removals.spared) {
      if (spared.reason != reason) continue;
      ++packs;
      bytes += spared.size;
    }
    const Text::Arguments sums{{"packs", std::to_string(packs)}, {"bytes", format_bytes(bytes)}};
    if (packs > 0) session.console.say(spared_text(reason, sums));
  }
  session.console.say(done == PruneDone::something
                          ? text("cli_prune.done", {{"bytes", format_bytes(removals.bytes_freed)}})
                          : text("cli_prune.nothing_to_do"));
}

void print_needless_records(const Session& session, const std::vector<ForgottenRecord>& records) {
  if (records.empty()) return;
  const auto time_of = [](const ForgottenRecord& record) {
    return format::to_rfc3339(format::to_timestamp(record.generation.time));
  };
  if (session.options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("message_type", "forgotten_records").key("records").begin_array();
    for (const ForgottenRecord& record : records) {
      json.begin_object().member("file", record.file).member("source", record.source);
      json.member("time", time_of(record)).end_object();
    }
    json.end_array().end_object();
    session.console.print(out + "\n");
    return;
  }
  std::string lines;
  for (const ForgottenRecord& record : records) {
    lines +=
        render(text("cli_prune.record",
                    {{"file", record.file}, {"source", record.source}, {"time", time_of(record)}}),
               session.console.language()) +
        "\n";
  }
  if (session.options.verbose > 0) session.console.print(lines);
  session.console.say(describe_removal(records));
}

}  // namespace hikae::cli
