// predict MODEL <SAMPLES: the class and the probabilities of each sample, in batches of up to 100.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <tileprop/tileprop.h>
#include <vector>

int main(int argc, char **argv)
{
    tileprop_model *loaded = nullptr;
    char message[256] = "usage: predict MODEL";
    if (argc != 2 || tileprop_model_load(&loaded, argv[1], message, sizeof message) != TILEPROP_OK) {
        std::fprintf(stderr, "%s\n", message);
        return 1;
    }
    const std::unique_ptr<tileprop_model, decltype(&tileprop_model_free)> model(loaded, tileprop_model_free);
    const std::size_t features = tileprop_model_features(model.get());
    const std::size_t classes = tileprop_model_classes(model.get());
    std::vector<std::uint8_t> samples(100 * features);
    std::vector<float> probabilities(100 * classes);
    std::vector<std::uint16_t> found(100);
    while (const std::size_t rows = std::fread(samples.data(), features, 100, stdin)) {
        tileprop_predict_u8(model.get(), samples.data(), rows, probabilities.data(), found.data());
        for (std::size_t i = 0; i < rows; i++) {
            std::printf("%s", found[i] == TILEPROP_NO_CLASS ? "" : tileprop_model_class_name(model.get(), found[i]));
            for (std::size_t k = 0; k < classes; k++)
                std::printf(",%.9g", static_cast<double>(probabilities[i * classes + k]));
            std::putchar('\n');
        }
    }
}
