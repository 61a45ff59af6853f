hikae_fuzz(web_range MODULES web)
hikae_fuzz(web_request_head MODULES web)
hikae_fuzz(web_route MODULES web storage)
