"""The suffixes of photos in a folder; a file that is named directly is read with any suffix."""

#: Suffixes of files from cameras, phones, browsers and picture editors. Pillow reads those of the first four lines.
#: HEIC needs the extra `heif`. JPEG XL is listed so that an error reports it, instead of skipping it silently. Other
#: files that Pillow opens are not listed: documents, icons, films, instrument data, and raw files of cameras, of which
#: it would read the thumbnail instead of the photo.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".mpo"),
    *(".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    *(".avif", ".avifs", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".qoi", ".psd"),
    *(".heic", ".heif", ".hif", ".heics", ".heifs"),
    *(".jxl",),
)

#: The formats that most photos have, for sentences.
COMMON_FORMATS = "JPEG, PNG, WebP, HEIC and others"
