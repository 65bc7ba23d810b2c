#include "loading.h"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <unistd.h>

extern "C" {
#include "base/file.h"
#include "cli/data_path.h"
#include "data/dataset.h"
#include "readers/data_loader.h"
#include "readers/gzip.h"
#include "readers/idx.h"
}

namespace
{

constexpr size_t kTableBytes = 100'000'000;
constexpr size_t kTableColumns = 20; // of numbers with six digits, and a class

// A folder with the validation set of MNIST as it is once unpacked; removed in the end.
class PlainFolder
{
  public:
    explicit PlainFolder(const char *packed)
    {
        if (!mkdtemp(path_))
            return;
        for (const char *name : {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
            const std::string from = std::string(packed) + "/" + name + ".gz", to = path() + "/" + name;
            tp_file file{};
            std::FILE *out = std::fopen(to.c_str(), "wb");
            ok_ = !tp_gzip_read(&file, from.c_str(), nullptr) && out &&
                  std::fwrite(file.bytes, 1, file.size, out) == file.size && ok_;
            ok_ = (!out || std::fclose(out) == 0) && ok_;
            tp_file_free(&file);
            files_.push_back(to);
        }
    }
    PlainFolder(const PlainFolder &) = delete;
    PlainFolder &operator=(const PlainFolder &) = delete;
    ~PlainFolder()
    {
        for (const std::string &file : files_)
            std::remove(file.c_str());
        rmdir(path_);
    }
    bool ok() const
    {
        return ok_ && files_.size() == 2;
    }
    std::string path() const
    {
        return path_;
    }

  private:
    char path_[32] = "/tmp/tileprop-bench-XXXXXX";
    bool ok_ = true;
    std::vector<std::string> files_;
};

bool same_data(const tp_dataset &a, const tp_dataset &b)
{
    return a.count == b.count && a.features == b.features && a.type == b.type &&
           std::memcmp(a.samples, b.samples, a.count * tp_dataset_sample_size(&a)) == 0 &&
           std::memcmp(a.labels, b.labels, a.count * sizeof *a.labels) == 0;
}

// Files are in the page cache. Both forms are loaded once before, and must be the same data.
void time_idx(benchmark::State &state, bool plain)
{
    char packed[PATH_MAX];
    tp_error error;
    if (tp_data_path_find("data/mnist", packed, sizeof packed, &error)) {
        fail(state, error.text);
        return;
    }
    const PlainFolder folder(packed);
    const std::string directory = plain ? folder.path() : packed;
    tp_dataset data{}, unpacked{};
    if (!folder.ok() || tp_idx_load(packed, "t10k", &data, &error) ||
        tp_idx_load(folder.path().c_str(), "t10k", &unpacked, &error) || !same_data(data, unpacked)) {
        fail(state, "the packed and the plain form of the data do not load as the same");
    } else {
        for (auto _ : state) {
            tp_dataset loaded;
            if (tp_idx_load(directory.c_str(), "t10k", &loaded, &error))
                fail(state, error.text);
            tp_dataset_free(&loaded);
        }
        state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(data.count));
        state.SetBytesProcessed(state.iterations() *
                                static_cast<int64_t>(data.count * tp_dataset_sample_size(&data)));
    }
    tp_dataset_free(&data);
    tp_dataset_free(&unpacked);
}

// A table that lies in /tmp, removed in the end.
class TableFile
{
  public:
    TableFile()
    {
        const int descriptor = mkstemp(path_);
        std::FILE *out = descriptor < 0 ? nullptr : fdopen(descriptor, "wb");
        if (!out)
            return;
        long size = 0;
        for (; size < static_cast<long>(kTableBytes); size = std::ftell(out), rows_++) {
            for (size_t column = 0; column < kTableColumns; column++)
                std::fprintf(out, "%.6g,", static_cast<double>(value(rows_, column)));
            std::fprintf(out, "%s\n", rows_ % 3 ? "many" : "few");
        }
        bytes_ = static_cast<size_t>(size);
        ok_ = std::fclose(out) == 0;
    }
    TableFile(const TableFile &) = delete;
    TableFile &operator=(const TableFile &) = delete;
    ~TableFile()
    {
        std::remove(path_);
    }
    bool holds(const tp_dataset &data) const
    {
        const float *last = static_cast<const float *>(data.samples) + (data.count - 1) * kTableColumns;
        return ok_ && data.count == rows_ && data.features == kTableColumns && data.classes == 2 &&
               last[kTableColumns - 1] == value(rows_ - 1, kTableColumns - 1);
    }
    const char *path() const
    {
        return path_;
    }
    size_t bytes() const
    {
        return bytes_;
    }
    size_t rows() const
    {
        return rows_;
    }

  private:
    // Of six digits, so that it is the same float when it is read again.
    static float value(size_t row, size_t column)
    {
        const auto digits = static_cast<uint32_t>(row * kTableColumns + column) * 2654435761U;
        return static_cast<float>(digits % 1000000) / 1000.0F - 500.0F;
    }

    char path_[32] = "/tmp/tileprop-bench-XXXXXX";
    bool ok_ = false;
    size_t rows_ = 0, bytes_ = 0;
};

// Bytes are those of the text, which is in the page cache.
void time_table(benchmark::State &state)
{
    const TableFile file;
    tp_data_loader source{};
    source.path = file.path();
    source.table.header = TP_HEADER_NO;
    source.table.label = "last";
    for (auto _ : state) {
        tp_schema schema{};
        tp_dataset loaded{};
        tp_error error;
        if (tp_data_loader_read(&source, &schema, &loaded, &error))
            fail(state, error.text);
        else if (!file.holds(loaded))
            fail(state, "the table is not what was written");
        tp_dataset_free(&loaded);
        tp_schema_free(&schema);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(file.rows()));
    state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(file.bytes()));
}

void time_plain_idx(benchmark::State &state)
{
    time_idx(state, true);
}

void time_packed_idx(benchmark::State &state)
{
    time_idx(state, false);
}

} // namespace

void list_or_register_loading(bool list, bool all)
{
    static const struct {
        const char *name;
        void (*time)(benchmark::State &state);
        bool only_with_all;
    } readers[] = {{"load/mnist-t10k/plain", time_plain_idx, false},
                   {"load/mnist-t10k/gzip", time_packed_idx, false},
                   {"load/100MB/csv", time_table, true}};
    for (const auto &reader : readers) {
        if (reader.only_with_all && !all)
            continue;
        if (list)
            std::puts(reader.name);
        else
            benchmark::RegisterBenchmark(reader.name, reader.time)
                ->UseRealTime()
                ->MeasureProcessCPUTime()
                ->Unit(benchmark::kMillisecond);
    }
}
