hikae_fuzz(net_sftp_packets MODULES net base)
