// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "scheduler/triggers.h"

namespace hikae {
namespace {

// systemd expands % and $, and splits at spaces.
std::string for_systemd(const std::string& path) {
  std::string quoted = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '%' || c == '$') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

// cron ends a command at %, and hands the rest to /bin/sh.
std::string for_cron(const std::string& path) {
  std::string quoted = "'";
  for (const char c : path) {
    if (c == '\'') {
      quoted += "'\\''";
    } else if (c == '%') {
      quoted += "\\%";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string without_specifiers(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '%') out += c;
    out += c;
  }
  return out;
}

std::string plain_or(const std::string& path, std::string (*quote)(const std::string&)) {
  const bool is_plain = std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
  });
  return is_plain ? path : quote(path);
}

std::string service_unit(const TriggerSettings& settings) {
  std::string unit = std::string(kTriggerMark) + R"(
[Unit]
Description=hikae: do what the backup policy says is due
Wants=network-online.target
After=network-online.target
ConditionPathExists=)" +
                     without_specifiers(settings.policy_file) + R"(

[Service]
Type=oneshot
ExecStart=)" + plain_or(settings.program, for_systemd) +
                     " --policy " + plain_or(settings.policy_file, for_systemd) +
                     R"( --quiet run --due
# A first backup may take days; the program itself ends what takes too long.
TimeoutStartSec=infinity
TimeoutStopSec=2min
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
UMask=0077
StateDirectory=hikae
StateDirectoryMode=0700
CacheDirectory=hikae
CacheDirectoryMode=0700
LogsDirectory=hikae
LogsDirectoryMode=0750
# It reads every file, and becomes the database's user; it changes nothing of the system. Local mail
# needs a program with a group of its own, so NoNewPrivileges is not set.
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_SETUID CAP_SETGID CAP_KILL CAP_MKNOD CAP_SYS_PTRACE CAP_SYS_NICE
)";
  for (const std::string& folder : settings.local_folders)
    unit += "ReadWritePaths=-" + plain_or(folder, for_systemd) + "\n";
  return unit;
}

std::string timer_unit() {
  return std::string(kTriggerMark) + R"(
[Unit]
Description=hikae: look every five minutes whether something is due

[Timer]
OnCalendar=*:0/5
# After a power cut it looks at once.
Persistent=true
AccuracySec=30s

[Install]
WantedBy=timers.target
)";
}

std::string cron_file(const TriggerSettings& settings) {
  return std::string(kTriggerMark) + R"(
# It looks every five minutes whether something is due; without work it ends at once.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
*/5 * * * * root )" +
         plain_or(settings.program, for_cron) + " --policy " +
         plain_or(settings.policy_file, for_cron) + " --quiet run --due\n";
}

}  // namespace

std::vector<TriggerFile> plan_trigger_files(TriggerKind kind, const TriggerSettings& settings) {
  if (kind == TriggerKind::cron) return {{"/etc/cron.d/hikae", cron_file(settings)}};
  return {{"/etc/systemd/system/hikae.service", service_unit(settings)},
          {"/etc/systemd/system/hikae.timer", timer_unit()}};
}

}  // namespace hikae
