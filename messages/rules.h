/* rules.h - what every field of every message must keep to, checked after unpacking
 *
 * One table says the bounds that differ from the defaults: strings are UTF-8 of at most
 * WEIR_TEXT_MAX bytes, byte strings at most as long, lists at most WEIR_LIST_MAX entries, enums of
 * a known value. The table is put in order once, per message, so that a list of entries without any
 * rule costs nothing.
 *
 * Runs on   any thread
 */
#ifndef WEIR_MESSAGES_RULES_H
#define WEIR_MESSAGES_RULES_H

#include "runtime/base/err.h"

#include <protobuf-c/protobuf-c.h>

#define WEIR_TEXT_MAX 8192

/* 0, or WEIR_E_INVALID with code "MessageInvalid" and the place, as "Hello.instance", in the
 * text. */
int weir_rules_check (const ProtobufCMessage *message, weir_err_t *err);

#endif
