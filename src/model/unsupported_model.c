#include "model/unsupported_model.h"

#include <stdint.h>
#include <string.h>

#define TP_ZIP_HEADER 30 /* bytes before the first file's name */
#define TP_FROM_TORCH "; safetensors.torch.save_file(model.state_dict(), FILE) writes safetensors"
#define TP_FROM_ARRAYS                                                                                                 \
    "; safetensors.numpy.save_file({\"0.weight\": ARRAY, ...}, FILE) writes safetensors, with each "                   \
    "weight [units, inputs]"

static bool begins(const struct tp_file *file, const char *magic, size_t size)
{
    return file->size >= size && memcmp(file->bytes, magic, size) == 0;
}

static bool ends(const unsigned char *name, size_t length, const char *part)
{
    const size_t size = strlen(part);
    return length >= size && memcmp(name + length - size, part, size) == 0;
}

/* Recognizes it by the name of its first file. */
static const char *name_zip(const struct tp_file *file)
{
    const unsigned char *name = file->bytes + TP_ZIP_HEADER;
    uint16_t length = 0;
    if (file->size >= TP_ZIP_HEADER)
        memcpy(&length, file->bytes + TP_ZIP_HEADER - 4, sizeof length);
    if (file->size < TP_ZIP_HEADER || length > file->size - TP_ZIP_HEADER)
        length = 0;
    if (ends(name, length, ".npy"))
        return "expected safetensors, found a NumPy archive (.npz)" TP_FROM_ARRAYS;
    if (ends(name, length, "/data.pkl"))
        return "expected safetensors, found a PyTorch file (.pt or .pth)" TP_FROM_TORCH;
    return "expected safetensors, found a zip archive (such as .pt or .keras)" TP_FROM_TORCH;
}

const char *tp_unsupported_model(const struct tp_file *file)
{
    const unsigned char *b = file->bytes;
    if (begins(file, "version https://git-lfs.github.com/spec/", 40))
        return "expected the file itself, found a Git LFS pointer; git lfs pull fetches it";
    if (begins(file, "PK\3\4", 4))
        return name_zip(file);
    if (begins(file, "\x89HDF\r\n\x1a\n", 8))
        return "expected safetensors, found an HDF5 file (such as Keras's .h5)" TP_FROM_ARRAYS;
    if (begins(file, "\x93NUMPY", 6))
        return "expected safetensors, found a NumPy array" TP_FROM_ARRAYS;
    if (begins(file, "\x1f\x8b", 2))
        return "expected an unpacked safetensors file, found gzip";
    if (file->size >= 2 && b[0] == 0x80 && b[1] >= 2 && b[1] <= 5)
        return "expected safetensors, found a Python pickle (such as an older .pt or .pth)" TP_FROM_TORCH;
    /* protobuf: field 1 is the version, and a text, the graph or the operators follow */
    if (file->size >= 3 && b[0] == 0x08 && b[1] < 0x20 && (b[2] == 0x12 || b[2] == 0x3a || b[2] == 0x42))
        return "expected safetensors, found an ONNX file" TP_FROM_ARRAYS;
    return NULL;
}
