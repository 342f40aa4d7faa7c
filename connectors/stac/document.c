/* document.c - see document.h */
#include "connectors/stac/document.h"

#include "connectors/stac/address.h"
#include "connectors/stac/field.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct weir_document_reader {
	const weir_http_policy_t *policy;
	weir_http_t *http; /* made when first needed */
	bool is_private_trusted;
	bool (*is_cancelled) (void *arg);
	void *arg;
	weir_document_bytes_t bytes; /* kept from one document to the next */
};

bool
weir_document_append (weir_document_bytes_t *self, const void *bytes, size_t n)
{
	if (n > WEIR_DOCUMENT_BYTES_MAX || self->n > WEIR_DOCUMENT_BYTES_MAX - n) {
		self->is_too_big = true;
		return false;
	}
	if (self->n + n > self->cap) {
		self->cap = self->n + n > 2 * self->cap ? self->n + n : 2 * self->cap;
		self->text = weir_realloc (self->text, self->cap);
	}
	if (n > 0)
		memcpy (self->text + self->n, bytes, n);
	self->n += n;
	return true;
}

weir_document_reader_t *
weir_document_reader_new (const weir_http_policy_t *policy, bool (*is_cancelled) (void *arg),
                          void *arg)
{
	weir_document_reader_t *self = weir_alloc (sizeof *self);
	self->policy = policy;
	self->is_cancelled = is_cancelled;
	self->arg = arg;
	return self;
}

void
weir_document_reader_destroy (weir_document_reader_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_document_reader_t *self = *self_p;
	*self_p = NULL;
	weir_http_destroy (&self->http);
	free (self->bytes.text);
	free (self);
}

void
weir_document_trust_private (weir_document_reader_t *self)
{
	self->is_private_trusted = true;
	if (self->http != NULL)
		weir_http_trust_private (self->http);
}

static int
s_fail_read (const char *path, int error, weir_err_t *err)
{
	return weir_err_set (err, error == ENOENT ? WEIR_E_NOT_FOUND : WEIR_E_IO, WEIR_CLASS_GIVE_UP,
	                     "StacUnreadable", path, "cannot read: %s", strerror (error));
}

static int
s_read_descriptor (int fd, const char *path, weir_document_bytes_t *bytes, weir_err_t *err)
{
	struct stat about;
	char buf[65536];
	if (fstat (fd, &about) != 0)
		return s_fail_read (path, errno, err);
	if (S_ISDIR (about.st_mode))
		return s_fail_read (path, EISDIR, err);
	if (!S_ISREG (about.st_mode))
		return weir_err_invalid (err, "StacUnreadable", path, "cannot read: not a regular file");
	for (;;) {
		ssize_t n = read (fd, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return s_fail_read (path, errno, err);
		if (n == 0)
			return 0;
		if (!weir_document_append (bytes, buf, (size_t) n))
			return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
			                     path, "cannot read: the document is larger than 64 MiB");
	}
}

static int
s_read_file (const char *path, weir_document_bytes_t *bytes, weir_err_t *err)
{
	/* O_NONBLOCK: opening a pipe must not wait for its writer; a regular file does not notice */
	int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return s_fail_read (path, errno, err);
	int status = s_read_descriptor (fd, path, bytes, err);
	close (fd);
	return status;
}

static bool
s_starts_with (const char *text, size_t n, const char *start)
{
	size_t n_start = strlen (start);
	return n >= n_start && strncasecmp (text, start, n_start) == 0;
}

/* What a document that does not begin like JSON is: people paste the address of a browser page, or
 * of the raster. */
static const char *
s_guess_kind (const char *text, size_t n)
{
	if (s_starts_with (text, n, "<!doctype html") || s_starts_with (text, n, "<html"))
		return "an HTML page";
	if (s_starts_with (text, n, "<"))
		return "XML or HTML";
	if (s_starts_with (text, n, "II*") || s_starts_with (text, n, "MM") ||
	    s_starts_with (text, n, "II+"))
		return "a TIFF file";
	if (s_starts_with (text, n, "\x1f\x8b"))
		return "a gzip file";
	return NULL;
}

static int
s_fail_parse (const char *text, size_t n, const json_error_t *error, const char *address,
              weir_err_t *err)
{
	const char *kind = s_guess_kind (text, n);
	if (kind != NULL)
		return weir_err_invalid (err, "StacUnreadable", address, "not JSON: found %s", kind);
	if (json_error_code (error) == json_error_premature_end_of_input)
		return weir_err_invalid (
			err, "StacUnreadable", address,
			"not JSON: the document ends in the middle (line %d, column %d): %s", error->line,
			error->column, error->text);
	return weir_err_invalid (err, "StacUnreadable", address, "not JSON: line %d, column %d: %s",
	                         error->line, error->column, error->text);
}

int
weir_document_parse (const char *text, size_t n, const char *address, json_t **json_out,
                     weir_err_t *err)
{
	json_error_t error;
	*json_out = NULL;
	if (s_starts_with (text, n, "\xef\xbb\xbf")) { /* a byte order mark is no part of the text */
		text += 3;
		n -= 3;
	}
	size_t n_blank = 0;
	while (n_blank < n && strchr (" \t\r\n", text[n_blank]) != NULL && text[n_blank] != '\0')
		n_blank++;
	if (n_blank == n)
		return weir_err_invalid (err, "StacUnreadable", address, "not JSON: the document is empty");
	json_t *json = json_loadb (text, n, JSON_DECODE_ANY, &error);
	if (json == NULL)
		return s_fail_parse (text + n_blank, n - n_blank, &error, address, err);
	if (!json_is_object (json)) {
		int status = weir_err_invalid (err, "StacUnreadable", address,
		                               "not STAC: expected an object, found %s",
		                               weir_json_word (json));
		json_decref (json);
		return status;
	}
	*json_out = json;
	return 0;
}

static weir_http_t *
s_http (weir_document_reader_t *self)
{
	if (self->http == NULL)
		self->http = weir_http_new (self->policy, self->is_cancelled, self->arg);
	if (self->is_private_trusted)
		weir_http_trust_private (self->http);
	return self->http;
}

/* What is in bytes -> json; on error *base is freed. */
static int
s_parse (weir_document_reader_t *self, int status, const char *address, json_t **json_out,
         char **base_out, weir_err_t *err)
{
	if (status == 0)
		status = weir_document_parse (self->bytes.n > 0 ? self->bytes.text : "", self->bytes.n,
		                              address, json_out, err);
	if (status != 0) {
		free (*base_out);
		*base_out = NULL;
	}
	return status;
}

static int
s_finish (weir_document_reader_t *self, weir_http_transfer_t **transfer, const char *address,
          json_t **json_out, char **base_out, long *answer_out, weir_err_t *err)
{
	int status = weir_http_finish (transfer, &self->bytes, base_out, answer_out, err);
	return s_parse (self, status, address, json_out, base_out, err);
}

static int
s_check_cancelled (const weir_document_reader_t *self, const char *address, weir_err_t *err)
{
	if (self->is_cancelled == NULL || !self->is_cancelled (self->arg))
		return 0;
	return weir_err_set (err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "Cancelled", address,
	                     "reading was cancelled");
}

int
weir_document_request (weir_document_reader_t *self, const weir_http_request_t *request,
                       json_t **json_out, char **base_out, long *answer_out, weir_err_t *err)
{
	*json_out = NULL;
	*base_out = NULL;
	*answer_out = 0;
	int status = s_check_cancelled (self, request->url, err);
	if (status != 0)
		return status;
	weir_http_transfer_t *transfer = weir_http_start (s_http (self), request);
	return s_finish (self, &transfer, request->url, json_out, base_out, answer_out, err);
}

int
weir_document_read (weir_document_reader_t *self, const char *address, json_t **json_out,
                    char **base_out, weir_err_t *err)
{
	long answer;
	*json_out = NULL;
	*base_out = NULL;
	int status = s_check_cancelled (self, address, err);
	if (status != 0)
		return status;
	if (weir_address_is_http (address)) {
		weir_http_request_t request = { .url = address };
		return weir_document_request (self, &request, json_out, base_out, &answer, err);
	}
	if (!weir_address_is_path (address))
		return weir_err_set (
			err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable", address,
			"cannot read: not an http, https or file address of this machine, nor a path");
	self->bytes.n = 0;
	self->bytes.is_too_big = false;
	status = s_read_file (address, &self->bytes, err);
	*base_out = weir_strdup (address);
	return s_parse (self, status, address, json_out, base_out, err);
}

/* NULL for what is no http(s) address: that is read when its turn comes. */
static weir_http_transfer_t *
s_start_ahead (weir_document_reader_t *self, const char *address)
{
	weir_http_request_t request = { .url = address };
	return weir_address_is_http (address) ? weir_http_start (s_http (self), &request) : NULL;
}

int
weir_document_read_all (weir_document_reader_t *self, size_t n, char *const *addresses,
                        weir_document_take_fn *take, void *arg, weir_err_t *err)
{
	weir_http_transfer_t *ahead[WEIR_DOCUMENTS_AHEAD] = { NULL };
	int status = 0;
	for (size_t i = 0, n_started = 0; i < n && status == 0; i++) {
		json_t *json = NULL;
		char *base = NULL;
		for (; n_started < n && n_started < i + WEIR_DOCUMENTS_AHEAD; n_started++)
			ahead[n_started % WEIR_DOCUMENTS_AHEAD] = s_start_ahead (self, addresses[n_started]);
		weir_http_transfer_t **transfer = &ahead[i % WEIR_DOCUMENTS_AHEAD];
		int read = *transfer != NULL
		               ? s_finish (self, transfer, addresses[i], &json, &base, NULL, err)
		               : weir_document_read (self, addresses[i], &json, &base, err);
		status = take (arg, addresses[i], read, json, base);
		json_decref (json);
		free (base);
	}
	for (size_t i = 0; i < WEIR_DOCUMENTS_AHEAD; i++)
		weir_http_abort (&ahead[i]);
	return status;
}
