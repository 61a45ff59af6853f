// SPDX-License-Identifier: Apache-2.0
// Internal to net. Keys as AWS's services and programs hand them out. Pure; throws Error{corrupt}
// for anything else, without repeating it.
#pragma once

#include "base/bytes.h"
#include "net/aws_signature.h"

namespace hikae::net {

// JSON of credential_process, of the container's and of the instance's metadata: AccessKeyId,
// SecretAccessKey, SessionToken or Token, Expiration.
AwsKeys parse_aws_json_keys(ByteView json);

// XML of STS: <Credentials> in the answer to AssumeRole and AssumeRoleWithWebIdentity.
AwsKeys parse_sts_keys(ByteView xml);
// <Error><Code>, <Message> of STS; empty where there is none.
std::string parse_sts_failure(ByteView xml);

}  // namespace hikae::net
