hikae_fuzz(postgres_tar MODULES postgres)
hikae_fuzz(postgres_manifest MODULES postgres)
