hikae_fuzz(postgres_dump MODULES postgres)
hikae_fuzz(postgres_text MODULES postgres)
