// SPDX-License-Identifier: Apache-2.0
#include "source/postgres_run.h"

#include <unistd.h>

#include "os/users.h"

namespace hikae {

void PostgresRun::add(postgres::DatabaseFacts facts) {
  std::string name = facts.name;
  facts_.lock()->insert_or_assign(std::move(name), std::move(facts));
  facts_.notify_all();
}

postgres::ClusterFacts PostgresRun::wait_for_facts() {
  auto dumped = facts_.lock();
  if (!dumped.wait(stop(), [&] { return dumped->size() == databases.size(); })) throw Cancelled();
  postgres::ClusterFacts facts = cluster;
  for (const auto& [name, database] : *dumped) facts.databases.push_back(database);
  return facts;
}

bool PostgresRun::has_all_facts() {
  return facts_.lock()->size() == databases.size();
}

format::Node PostgresRun::make_node(const std::string& name,
                                    format::NodeType type,
                                    std::uint64_t size) const {
  const bool is_folder = type == format::NodeType::dir;
  format::Node node;
  node.name = name;
  node.type = type;
  node.mode = is_folder ? format::kModeDir | 0700U : 0600U;
  node.mtime = format::to_timestamp(clock.now(), options.utc_offset);
  node.atime = node.mtime;
  node.ctime = node.mtime;
  node.uid = geteuid();
  node.gid = getegid();
  os::Accounts accounts;
  node.user = accounts.user_name(node.uid);
  node.group = accounts.group_name(node.gid);
  node.size = size;
  node.links = is_folder ? 0 : 1;
  return node;
}

}  // namespace hikae
