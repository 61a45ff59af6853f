hikae_fuzz(notify_text MODULES notify)
