/* address.h - addresses of STAC documents and assets, and how one is resolved against another
 *
 * Inside the connector an address is either an absolute path ("/data/collection.json", taken
 * literally, without percent escapes) or a URL with a scheme. file:// addresses become paths at the
 * door, so that a catalogue reads the same whichever way it was named.
 *
 * Runs on   any thread; pure but for weir_address_absolute, which asks for the working directory
 * Source    RFC 3986 (5.2 reference resolution), RFC 8089 (file)
 */
#ifndef WEIR_CONNECTORS_STAC_ADDRESS_H
#define WEIR_CONNECTORS_STAC_ADDRESS_H

#include <stdbool.h>

bool weir_address_has_scheme (const char *text);
bool weir_address_is_http (const char *text); /* http or https, in any case */
bool weir_address_is_path (const char *text); /* no scheme */

/* `file:` address of this machine -> path, percent escapes undone; NULL where it is none, names
 * another host or holds an escaped zero byte. Yours to free. */
char *weir_address_path_of_file_url (const char *text);

/* What a user or a program wrote -> an address as above: relative paths are taken from the working
 * directory. Yours to free. */
char *weir_address_absolute (const char *text);

/* `reference` as found in the document at `base` (an address as above) -> an address. Dot segments
 * are removed from the text alone, for paths too: a link in the file system does not change where
 * "../" leads. Yours to free. */
char *weir_address_resolve (const char *base, const char *reference);

#endif
