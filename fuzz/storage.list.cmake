hikae_fuzz(location MODULES storage)
