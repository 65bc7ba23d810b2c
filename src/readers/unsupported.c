#include "readers/unsupported.h"

#include <strings.h>

#define TP_PANDAS "in pandas: pd.read_"
#define TP_TO_CSV ".to_csv('t.csv', index=False)"

struct format {
    const char *name, *how; /* how to convert it */
};

/* Magics and their offsets. A magic that is text must have a zero byte somewhere after it, which no table has. */
/* clang-format off */
static const struct {
    const char *magic;
    unsigned char size;
    unsigned short offset;
    bool is_text;
    struct format format;
} magics[] = {
    {"PAR1", 4, 0, true, {"a Parquet file", TP_PANDAS "parquet(FILE)" TP_TO_CSV}},
    {"ARROW1", 6, 0, true, {"an Arrow (Feather) file", TP_PANDAS "feather(FILE)" TP_TO_CSV}},
    {"FEA1", 4, 0, true, {"a Feather file", TP_PANDAS "feather(FILE)" TP_TO_CSV}},
    {"ORC", 3, 0, true, {"an ORC file", TP_PANDAS "orc(FILE)" TP_TO_CSV}},
    {"\xFD" "7zXZ", 6, 0, false, {"an xz file", "xz -dk FILE unpacks it"}},
    {"\x28\xB5\x2F\xFD", 4, 0, false, {"a zstd file", "zstd -d FILE unpacks it"}},
    {"1AY&SY", 6, 4, false, {"a bzip2 file", "bzip2 -dk FILE unpacks it"}},
    {"\x04\x22\x4D\x18", 4, 0, false, {"an lz4 file", "lz4 -d FILE unpacks it"}},
    {"7z\xBC\xAF\x27\x1C", 6, 0, false, {"a 7z archive", "7z x FILE unpacks it"}},
    {"ustar", 5, 257, true, {"a tar archive", "tar -xf FILE unpacks it"}},
    {"\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9", 9, 0, false,
     {"a PyTorch file", "in Python: numpy.save('x.npy', torch.load(FILE).numpy()) for each of its tensors"}},
    {"\x89HDF\r\n\x1A\n", 8, 0, false,
     {"an HDF5 file", "in Python: numpy.save('x.npy', h5py.File(FILE)['NAME'][:]), or " TP_PANDAS "hdf(FILE)" TP_TO_CSV}},
    {"MATLAB 5.0 MAT-file", 19, 0, true,
     {"a MATLAB file", "in Python: numpy.save('x.npy', scipy.io.loadmat(FILE)['NAME'])"}},
    {"X\n\0\0", 4, 0, false, {"an R .rds file", "in R: write.csv(readRDS('FILE'), 't.csv', row.names = FALSE)"}},
    {"RDX2\nX\n", 7, 0, true, {"an R .RData file", "in R: load('FILE'); write.csv(NAME, 't.csv', row.names = FALSE)"}},
    {"RDX3\nX\n", 7, 0, true, {"an R .RData file", "in R: load('FILE'); write.csv(NAME, 't.csv', row.names = FALSE)"}},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8, 0, false,
     {"an Excel (.xls) file", TP_PANDAS "excel(FILE)" TP_TO_CSV}},
    {"SQLite format 3", 16, 0, false,
     {"an SQLite database", "sqlite3 -header -csv FILE 'select * from NAME' >t.csv"}},
    {"<stata_dta>", 11, 0, true, {"a Stata file", TP_PANDAS "stata(FILE)" TP_TO_CSV}},
    {"$FL2", 4, 0, true, {"an SPSS file", TP_PANDAS "spss(FILE)" TP_TO_CSV}},
    {"\xC2\xEA\x81\x60", 4, 12, false, {"a SAS file", TP_PANDAS "sas(FILE)" TP_TO_CSV}},
    {"Obj\x01", 4, 0, false, {"an Avro file", "in Python: pandas.DataFrame(fastavro.reader(open('FILE', 'rb')))" TP_TO_CSV}},
    {"%PDF-", 5, 0, false, {"a PDF", "copy its tables out as text"}},
    {"\x89PNG\r\n\x1A\n", 8, 0, false,
     {"a PNG image", "predict reads one with --image; numpy.save() writes many as one array"}},
    {"\xFF\xD8\xFF", 3, 0, false, {"a JPEG image", "numpy.save() writes many images as one array"}},
    {"\xFF\xFE\0\0", 4, 0, false, {"text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE >t.csv"}},
    {"\0\0\xFE\xFF", 4, 0, false, {"text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE >t.csv"}},
    {"\xFF\xFE", 2, 0, false, {"text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE >t.csv"}},
    {"\xFE\xFF", 2, 0, false, {"text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE >t.csv"}},
    {"\0\0\0\0{", 5, 4, false,
     {"a safetensors file",
      "predict takes a model without --data; in Python: numpy.save('x.npy', safetensors.numpy.load_file(FILE)['NAME'])"}},
    {"version https://git-lfs.github.com/spec/v1", 42, 0, false,
     {"a Git LFS pointer instead of the file", "git lfs pull fetches it"}},
};
/* clang-format on */

static const struct format pickle = {"a Python pickle", TP_PANDAS "pickle(FILE)" TP_TO_CSV};
static const struct format utf16_le = {"text in UTF-16", "iconv -f UTF-16LE -t UTF-8 FILE >t.csv"};
static const struct format utf16_be = {"text in UTF-16", "iconv -f UTF-16BE -t UTF-8 FILE >t.csv"};
static const struct format arff = {"an ARFF file", "sed '1,/@data/Id' FILE >t.csv extracts its rows"};
static const struct format json = {"JSON",
                                   TP_PANDAS "json(FILE)" TP_TO_CSV ", with lines=True where each line is an object"};

static const struct format *find_magic(const struct tp_file *file)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const size_t end = (size_t)magics[i].offset + magics[i].size;
        if (file->size >= end && memcmp(file->bytes + magics[i].offset, magics[i].magic, magics[i].size) == 0 &&
            (!magics[i].is_text || memchr(file->bytes + end, 0, file->size - end)))
            return &magics[i].format;
    }
    return NULL;
}

/* ASCII in UTF-16 without a byte order mark: of the first bytes, every second one is zero. */
static const struct format *find_utf16(const struct tp_file *file)
{
    size_t zeros[2] = {0};
    const size_t looked = file->size < 16 ? file->size & ~(size_t)1 : 16;
    for (size_t i = 0; i < looked; i++)
        zeros[i & 1] += file->bytes[i] == 0;
    if (looked < 4 || zeros[0] + zeros[1] != looked / 2)
        return NULL;
    return zeros[0] == 0 ? &utf16_le : zeros[1] == 0 ? &utf16_be : NULL;
}

static const char *skip_blanks(const char *text, const char *end)
{
    while (text < end && *text && strchr(" \t\r\n", *text))
        text++;
    return text;
}

/* Text formats, by how they begin: ARFF after its comments, JSON with {", [[ or [{. */
static const struct format *find_text(const struct tp_file *file)
{
    static const char relation[] = "@relation";
    const char *end = (const char *)file->bytes + file->size;
    const char *text = skip_blanks(tp_file_text(file->bytes, file->size), end);
    if (text < end && (*text == '{' || *text == '[')) {
        const char *next = skip_blanks(text + 1, end);
        return next < end && strchr(*text == '{' ? "\"" : "[{", *next) && *next ? &json : NULL;
    }
    while (text && text < end && *text == '%') {
        text = memchr(text, '\n', (size_t)(end - text));
        text = text ? skip_blanks(text, end) : NULL;
    }
    const bool is_arff =
        text && (size_t)(end - text) >= strlen(relation) && strncasecmp(text, relation, strlen(relation)) == 0;
    return is_arff ? &arff : NULL;
}

tileprop_status tp_unsupported_refuse(const struct tp_file *file, struct tp_error *error)
{
    const struct format *format = find_magic(file);
    if (!format && file->size >= 2 && file->bytes[0] == 0x80 && file->bytes[1] >= 2 && file->bytes[1] <= 5)
        format = &pickle;
    format = format ? format : find_utf16(file);
    format = format ? format : find_text(file);
    return format ? tp_fail(error, TILEPROP_BAD_INPUT,
                            "%s: expected a text table, libsvm text, a NumPy array or IDX, found %s; %s", file->path,
                            format->name, format->how)
                  : TILEPROP_OK;
}
