# rules.awk - one pass over all text files of the tree: prints what breaks a house rule, ends with 1 if anything did
#
# Works with mawk: columns are counted in characters by leaving out UTF-8's continuation bytes (LC_ALL=C).

function say(what) {
	printf "tidy: %s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
	failed = 1
}

# Texts count as nothing: clang-format does not break them, and test data reads best as it is.
function columns(line) {
	if (is_c)
		gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
	gsub(/\t/, "    ", line)
	gsub(/[\200-\277]/, "", line)
	return length(line)
}

# Which room of the tree a file belongs to: the longest folder that a rule speaks of.
function room_of(path) {
	if (path ~ /^(runtime|connectors)\//) {
		split(path, parts, "/")
		return parts[1] "/" parts[2]
	}
	return substr(path, 1, index(path, "/") - 1)
}

# May a file of this room include that header of the tree?
function may_include(room, header) {
	if (header ~ /^runtime\/base\//)
		return 1
	if (room == "runtime/base")
		return 0
	if (room == "runtime/core")
		return header ~ /^runtime\/core\//
	if (room == "runtime/host")
		return header ~ /^(runtime|messages)\//
	if (room == "messages")
		return header ~ /^messages\//
	if (room == "cube")
		return header ~ /^cube\//
	if (room ~ /^connectors\//)
		return header ~ ("^(cube|runtime|messages|connectors/net|" room ")/")
	if (room == "actors")
		return header ~ /^(actors|connectors|cube|runtime|messages)\//
	return 1
}

# Foreign libraries are met in one room each; programs beside the product (tests, benches, makers of data) are free.
function may_use(room, header) {
	if (room ~ /^(tests|bench|fuzz|tools)$/)
		return 1
	if (header ~ /^(gdal|cpl_|ogr_|tiff|png)/)
		return room == "connectors/raster"
	if (header ~ /^curl\//)
		return room == "connectors/stac" || room == "connectors/raster"
	if (header ~ /^hiredis\//)
		return room == "connectors/redis"
	if (header ~ /^(czmq|zmq)/)
		return room == "runtime/host"
	if (header ~ /^(sys\/socket|netinet|unistd|pthread|fcntl|time)/)
		return room != "cube" && room != "runtime/core" && room != "runtime/base"
	return 1
}

FNR == 1 {
	is_c = FILENAME ~ /\.([ch]|inc)$/
	is_header = FILENAME ~ /\.h$/
	name = FILENAME
	sub(/.*\//, "", name)
	room = room_of(FILENAME)
	limit = is_c ? 100 : FILENAME ~ /\.(md|json|csv|ndjson|geojson)$/ ? 0 : 130
	is_script = $0 ~ /^#!/
	is_table = 0
	if (is_c && index($0, "/* " name " - ") != 1)
		say("the first line is not '/* " name " - <what this is>'")
	if (FILENAME ~ /\.proto$/ && index($0, "// " name " - ") != 1)
		say("the first line is not '// " name " - <what this is>'")
	if (is_header)
		guards_wanted[FILENAME] = 1
}

is_script && FNR == 2 && FILENAME !~ /\.py$/ && index($0, "# " name " ") != 1 && $0 !~ /^"""/ {
	say("the second line is not '# " name " - <what this is>'")
}

FNR <= 12 && /Data table: exempt from the limit of lines/ { is_table = 1 }

is_c && FNR == 701 && !is_table { say("more than 700 lines: is it one thing?") }
limit && columns($0) > limit { say("wider than " limit " columns") }
/\r$/ { say("ends with a carriage return") }
/[ \t]$/ && FILENAME !~ /\.md$/ { say("ends with a blank") }
/(^|[^A-Za-z0-9_.])\/(work|farm|root|home)\/[a-z]/ { say("names a path of somebody's machine") }

is_header && /^#ifndef WEIR_[A-Z0-9_]+_H$/ { delete guards_wanted[FILENAME] }

is_c && /^[ \t]*#[ \t]*include[ \t]+"/ {
	split($0, quoted, "\"")
	if (!may_include(room, quoted[2]))
		say(room " may not include " quoted[2])
}

is_c && /^[ \t]*#[ \t]*include[ \t]+</ {
	split($0, angled, /[<>]/)
	if (!may_use(room, angled[2]))
		say(room " may not include <" angled[2] ">")
	if (angled[2] == "assert.h")
		say("assert.h: our own mistakes end in weir_assert, which stays on in release")
}

is_c && room !~ /^(tests|bench|fuzz|tools)$/ && /(^|[^A-Za-z0-9_])exit \(/ && !/^[ \t]*(\/?\*|\/\/)/ {
	say("only main exits")
}

END {
	for (file in guards_wanted) {
		printf "tidy: %s: no guard WEIR_…_H\n", file > "/dev/stderr"
		failed = 1
	}
	exit failed
}
