/* make.h - a valid message of every body, made from the descriptors, for the tests of the codec */
#ifndef WEIR_TESTS_MESSAGES_MAKE_H
#define WEIR_TESTS_MESSAGES_MAKE_H

#include "messages/codec.h"

#include <stdbool.h>

/* A Control or Data with the body of this number, every field filled, lists of n_list entries; free
 * with protobuf_c_message_free_unpacked (…, NULL). NULL where there is no such body. */
ProtobufCMessage *make_message (const ProtobufCMessageDescriptor *type, unsigned body,
                                size_t n_list);

#endif
