// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "os/process.h"

namespace hikae::testing {

// A network namespace with a loopback of its own, for the thread that makes the object, the threads
// and the processes that it starts afterwards. It can become a black hole. Needs root, "ip" and
// "nft"; throws where it cannot be.
class PrivateNetwork {
 public:
  PrivateNetwork() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (before_ < 0 || unshare(CLONE_NEWNET) != 0)
      throw std::runtime_error("cannot make a network namespace: these tests run as root");
    run({"ip", "link", "set", "lo", "up"});
    run({"nft", "add table inet hole"});
    run({"nft", "add chain inet hole in { type filter hook input priority 0; }"});
  }
  ~PrivateNetwork() {
    setns(before_, CLONE_NEWNET);
    close(before_);
  }
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  // From now on every packet vanishes without an answer, those of connections that stand too.
  static void swallow_everything() { run({"nft", "add rule inet hole in drop"}); }
  static void let_through() { run({"nft", "flush chain inet hole in"}); }

 private:
  static void run(const std::vector<std::string>& argv) {
    os::ProcessRequest request;
    request.argv = argv;
    const os::ProcessResult result = os::run_process(request);
    if (result.exit_code != 0) throw std::runtime_error(argv[0] + " failed: " + result.errors);
  }

  int before_;
};

}  // namespace hikae::testing
