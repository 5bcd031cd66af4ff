#if canImport(CoreML)
    import CoreML
    import F2PCore
    import Foundation

    /// The models of a folder, compiled for Core ML once and kept.
    ///
    /// A model that was compiled beforehand (`<name>.mlmodelc`, see Scripts/compile-models.sh) is used unchanged. A
    /// package (`<name>.mlpackage`) is compiled when it is first asked for; the result is kept in Application Support
    /// under the package's digest, so that another version of a model is another file, and what is no longer used is
    /// deleted.
    struct ModelStore {
        /// Where contract.json and the models lie.
        let folder: URL
        /// Where compiled models are kept.
        let cache: URL

        init(folder: URL) throws {
            self.folder = folder
            let support = try FileManager.default.url(
                for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
            cache = support.appendingPathComponent("F2PKit", isDirectory: true)
        }

        /// Returns the compiled model of a graph.
        func compiled(_ graph: Contract.Graph) async throws -> URL {
            let files = FileManager.default
            let shipped = folder.appendingPathComponent("\(graph.package).mlmodelc", isDirectory: true)
            if files.fileExists(atPath: shipped.path) {
                return shipped
            }
            let name = "\(graph.package)-\(graph.digest.prefix(16)).mlmodelc"
            let kept = cache.appendingPathComponent(name, isDirectory: true)
            if files.fileExists(atPath: kept.path) {
                return kept
            }
            let source = folder.appendingPathComponent("\(graph.package).mlpackage", isDirectory: true)
            guard files.fileExists(atPath: source.path) else {
                throw F2PError(.missing, "there is no \(graph.package).mlpackage in \(folder.path): embed the artifact again")
            }
            let fresh: URL
            do {
                fresh = try await MLModel.compileModel(at: source)
            } catch {
                throw F2PError(.modelFailed, "Core ML cannot compile \(source.path): \(error.localizedDescription)")
            }
            try keep(fresh, at: kept, of: graph.package)
            return kept
        }

        /// Deletes a compiled model that does not load, so that it is compiled again.
        func discard(_ graph: Contract.Graph, at url: URL) {
            if url.deletingLastPathComponent() == cache {
                try? FileManager.default.removeItem(at: url)
            }
        }

        /// Moves a compiled model to where it is kept; another process may have been sooner.
        private func keep(_ fresh: URL, at kept: URL, of package: String) throws {
            let files = FileManager.default
            try files.createDirectory(at: cache, withIntermediateDirectories: true)
            #if canImport(Darwin)
                var folder = cache
                var values = URLResourceValues()
                values.isExcludedFromBackup = true
                try? folder.setResourceValues(values)
            #endif
            for old in (try? files.contentsOfDirectory(atPath: cache.path)) ?? []
            where old.hasPrefix("\(package)-") && old != kept.lastPathComponent {
                try? files.removeItem(at: cache.appendingPathComponent(old))
            }
            do {
                try files.moveItem(at: fresh, to: kept)
            } catch where files.fileExists(atPath: kept.path) {
                try? files.removeItem(at: fresh)
            }
        }
    }
#endif
