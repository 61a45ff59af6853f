# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # bats sets the rest
# A Postfix of one's own, as the local sendmail: its configuration, queue and mailbox lie in a folder of the test; the
# machine's /etc/postfix is neither read nor written. It listens nowhere.

start_postfix() {
  [ "$(id -u)" -eq 0 ] && [ -x /usr/sbin/postfix ] || return 0
  # Its processes are other users: the folder must not lie in one of root's.
  postfix_dir=$(mktemp -d "${TMPDIR:-/tmp}/hikae-postfix.XXXXXX")
  chmod 755 "$postfix_dir"
  mkdir -p "$postfix_dir"/etc "$postfix_dir"/queue "$postfix_dir"/data "$postfix_dir"/mail
  chown postfix "$postfix_dir/data"
  chown nobody "$postfix_dir/mail"
  # Debian's own services, without those of the network, and none in a chroot.
  sed -E -e 's/^(smtp +inet)/#\1/' -e 's/^([a-z]+ +unix(-dgram)? +[-n] +[-n] +)y/\1n/' \
    /usr/share/postfix/master.cf.dist >"$postfix_dir/etc/master.cf"
  cat >"$postfix_dir/etc/main.cf" <<END
compatibility_level = 3.6
queue_directory = $postfix_dir/queue
data_directory = $postfix_dir/data
mail_owner = postfix
setgid_group = postdrop
myhostname = files01.company.test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks =
virtual_mailbox_domains = company.test
virtual_mailbox_base = $postfix_dir/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
alias_maps =
alias_database =
maillog_file = $postfix_dir/log
maillog_file_prefixes = $postfix_dir
END
  postfix -c "$postfix_dir/etc" start >"$postfix_dir/start" 2>&1 || {
    cat "$postfix_dir/start"
    return 1
  }
  printf '#!/bin/sh\nexec /usr/sbin/sendmail -C %s/etc "$@"\n' "$postfix_dir" >"$postfix_dir/sendmail"
  chmod 755 "$postfix_dir/sendmail"
  export postfix_dir
}

stop_postfix() {
  [ -n "$postfix_dir" ] || return 0
  postfix -c "$postfix_dir/etc" stop >/dev/null 2>&1
  rm -rf "$postfix_dir"
}

need_postfix() { [ -n "$postfix_dir" ] || skip "needs root and postfix"; }

delivered() { find "$postfix_dir/mail/box/new" -type f 2>/dev/null; }
