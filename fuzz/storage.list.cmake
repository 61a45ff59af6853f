hikae_fuzz(location MODULES storage)
hikae_fuzz(s3_answer MODULES storage)
hikae_fuzz(storage_rest_list MODULES storage)
