/* test_disk.c - a full disk, met at every point of writing
 *
 * A tmpfs of a few pages in a mount namespace of its own is the disk; where the system does not
 * give one (containers without user namespaces) the test says so and is skipped.
 */
#include "fixture.h"

#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
s_write_text (const char *path, const char *text)
{
	int fd = open (path, O_WRONLY);
	bool is_ok = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);
	if (fd >= 0)
		close (fd);
	return is_ok;
}

/* Before any thread and before GDAL. */
static bool
s_enter_namespace (void)
{
	char map[64];
	unsigned uid = geteuid (), gid = getegid ();
	if (uid == 0 && unshare (CLONE_NEWNS) == 0)
		return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	s_write_text ("/proc/self/setgroups", "deny");
	snprintf (map, sizeof map, "0 %u 1", uid);
	if (!s_write_text ("/proc/self/uid_map", map))
		return false;
	snprintf (map, sizeof map, "0 %u 1", gid);
	return s_write_text ("/proc/self/gid_map", map);
}

static char *
s_mount_disk (size_t bytes)
{
	char *dir = fixture_path ("disk");
	char options[64];
	snprintf (options, sizeof options, "size=%zu", bytes);
	mkdir (dir, 0700);
	if (mount ("tmpfs", dir, "tmpfs", 0, options) == 0)
		return dir;
	rmdir (dir);
	free (dir);
	return NULL;
}

static bool s_has_disk;

static void
s_check_sizes (const fixture_spec_t *spec, bool *fits_out)
{
	fixture_plan_t *plan = fixture_plan_new (spec);
	fixture_encode_all (plan);
	*fits_out = false;
	for (size_t pages = 1; pages < 160 && !*fits_out; pages++) {
		weir_err_t err;
		char **files = NULL;
		size_t n_files = 0;
		char *dir = s_mount_disk (pages * 4096);
		assert_non_null (dir);
		weir_err_clear (&err);
		int status = weir_assemble_output (&plan->plan, 0, dir, fixture_fetch, plan, NULL, &files,
		                                   &n_files, &err);
		if (status == 0) {
			*fits_out = true;
			assert_int_equal (fixture_count_files (dir), n_files);
		} else {
			assert_int_equal (status, WEIR_E_FULL);
			assert_int_equal (err.klass, WEIR_CLASS_OVERLOADED);
			assert_string_equal (err.code, "DiskFull");
			assert_non_null (strstr (err.text, ": No space left on device"));
			assert_non_null (strstr (err.where, "/disk/result"));
			assert_int_equal (fixture_count_files (dir), 0);
		}
		fixture_free_paths (files, n_files);
		assert_int_equal (umount (dir), 0);
		free (dir);
	}
	fixture_plan_destroy (&plan);
}

static void
s_test_full_disk (void **state)
{
	(void) state;
	static char s_none[] = "NONE";
	bool fits;
	if (!s_has_disk) {
		print_message ("skipped: no mount namespace here\n");
		skip ();
	}
	fixture_spec_t spec = {
		.cell = { .type = WEIR_F64, .has_nodata = true },
		.n_bands = 1,
		.n_labels = 2,
		.width = 70,
		.height = 50,
		.chunk_width = 64,
		.chunk_height = 32,
		.format = WEIR_FORMAT_GTIFF,
		.options = { .compress = s_none,
		             .predictor = 1,
		             .block_width = 32,
		             .block_height = 16,
		             .tiled = true },
	};
	s_check_sizes (&spec, &fits);
	assert_true (fits);
	spec.keeps_time = true;
	s_check_sizes (&spec, &fits);
	assert_true (fits);
	spec.options.tiled = false;
	s_check_sizes (&spec, &fits);
	assert_true (fits);
	spec.keeps_time = false;
	spec.options.tiled = spec.options.overviews = true;
	s_check_sizes (&spec, &fits);
	assert_true (fits);
	spec.format = WEIR_FORMAT_PNG;
	s_check_sizes (&spec, &fits);
	assert_true (fits);
}

/* What the numbers of failed calls become, without any disk. */
static void
s_test_numbers (void **state)
{
	(void) state;
	weir_err_t err;
	assert_int_equal (weir_words_output_errno (&err, ENOSPC, "/x/result.tif", "cannot write"),
	                  WEIR_E_FULL);
	assert_string_equal (err.code, "DiskFull");
	assert_string_equal (err.text, "cannot write: No space left on device");
	assert_int_equal (err.klass, WEIR_CLASS_OVERLOADED);
	assert_int_equal (weir_words_output_errno (&err, EDQUOT, "/x", "cannot write"), WEIR_E_FULL);
	assert_int_equal (weir_words_output_errno (&err, EACCES, "/x", "cannot write"), WEIR_E_IO);
	assert_string_equal (err.code, "OutputUnwritable");
	assert_int_equal (weir_words_input_errno (&err, EMFILE, "/x", "cannot open"), WEIR_E_IO);
	assert_int_equal (err.klass, WEIR_CLASS_OVERLOADED);
	assert_int_equal (weir_words_input_errno (&err, EIO, "/x", "cannot open"), WEIR_E_IO);
	assert_int_equal (err.klass, WEIR_CLASS_RETRY);
	assert_int_equal (weir_words_input_errno (&err, ENOENT, "/x", "cannot open"), WEIR_E_NOT_FOUND);
	assert_int_equal (err.klass, WEIR_CLASS_GIVE_UP);
}

int
main (void)
{
	bool is_inside = s_enter_namespace ();
	const struct CMUnitTest tests[] = { cmocka_unit_test (s_test_full_disk),
		                                cmocka_unit_test (s_test_numbers) };
	void *state = NULL;
	if (fixture_setup (&state) != 0)
		return 1;
	char *dir = is_inside ? s_mount_disk (4096) : NULL;
	s_has_disk = dir != NULL && umount (dir) == 0;
	free (dir);
	int failed = cmocka_run_group_tests (tests, NULL, NULL);
	fixture_teardown (&state);
	return failed;
}
