/* Calls F2PKit as an engine that is not written in Swift does: a photo to an aligned face, a character, a picture.

   main PHOTO.rgb WIDTH HEIGHT MODE KEEP.json|- OUT: writes OUT/aligned.rgb, parameters.json, values.f32,
   character.rgb and losses.txt; prints what went wrong with its status. STOP=n in the environment stops a search after
   n steps. */

#include "f2pkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Told {
    FILE *losses;
    int stop;
};

static int32_t told(void *context, int32_t done, int32_t total, float loss) {
    struct Told *progress = context;
    fprintf(progress->losses, "%d %d %.9g\n", done, total, loss);
    return progress->stop > 0 && done >= progress->stop;
}

static int fail(int status, char *message) {
    printf("status %d: %s\n", status, message ? message : "no message");
    f2p_free(message);
    return 1;
}

static FILE *create(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(2);
    }
    return file;
}

static void put(const char *folder, const char *name, const void *bytes, size_t count) {
    FILE *file = create(folder, name);
    fwrite(bytes, 1, count, file);
    fclose(file);
}

static char *read_all(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(1, *count + 1);
    *count = fread(bytes, 1, *count, file);
    fclose(file);
    return bytes;
}

int main(int count, char **words) {
    if (count != 7) return 2;
    size_t size;
    uint8_t *photo = (uint8_t *)read_all(words[1], &size);
    const int width = atoi(words[2]), height = atoi(words[3]), mode = atoi(words[4]);
    char *keep = strcmp(words[5], "-") ? read_all(words[5], &size) : NULL;
    const char *out = words[6], *stop = getenv("STOP");

    F2PGenerator *generator = NULL;
    char *message = NULL;
    int status = f2p_open(getenv("MODELS"), F2P_UNITS_ALL, &generator, &message);
    if (status != F2P_OK) return fail(status, message);
    status = f2p_warm_up(generator, mode, &message);
    if (status != F2P_OK) return fail(status, message);

    const size_t edge = (size_t)f2p_image_size(generator), parameters = (size_t)f2p_parameter_count(generator);
    uint8_t *face = malloc(3 * edge * edge);
    float *values = malloc(parameters * sizeof *values);
    char *warnings = NULL, *json = NULL, *names = NULL;
    status = f2p_align(generator, photo, width, height, face, &warnings, &message);
    if (status != F2P_OK) return fail(status, message);
    put(out, "aligned.rgb", face, 3 * edge * edge);
    put(out, "warnings.txt", warnings, strlen(warnings));
    f2p_free(warnings);

    struct Told progress = {create(out, "losses.txt"), stop ? atoi(stop) : 0};
    status = f2p_generate(generator, face, mode, keep, told, &progress, &json, values, &message);
    fclose(progress.losses);
    if (status != F2P_OK) return fail(status, message);
    put(out, "parameters.json", json, strlen(json));
    put(out, "values.f32", values, parameters * sizeof *values);

    status = f2p_render(generator, json, face, &message);
    if (status != F2P_OK) return fail(status, message);
    put(out, "character.rgb", face, 3 * edge * edge);
    if (f2p_parameter_names(generator, &names) != F2P_OK) return fail(1, NULL);
    put(out, "names.txt", names, strlen(names));
    f2p_free(names);
    f2p_free(json);
    f2p_close(generator);
    free(face);
    free(values);
    free(photo);
    free(keep);
    return 0;
}
