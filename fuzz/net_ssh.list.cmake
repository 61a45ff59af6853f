hikae_fuzz(net_sftp_packets MODULES net base)
hikae_fuzz(net_ssh_log MODULES net base)
