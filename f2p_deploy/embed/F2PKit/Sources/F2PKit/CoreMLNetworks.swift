#if canImport(CoreML)
    import CoreML
    import F2PCore
    import Foundation

    /// The graphs by Core ML. A model is compiled and loaded when it is first used; calls take turns.
    public actor CoreMLNetworks: Networks {
        private let contract: Contract
        private let store: ModelStore
        private let units: MLComputeUnits
        private var models: [String: MLModel] = [:]

        /// Creates networks of a folder with `contract.json` and the models.
        ///
        /// - Parameters:
        ///   - folder: what `f2p-deploy embed ios` left in `Sources/F2PKit/Models`.
        ///   - units: which processors Core ML may use.
        /// - Throws: `F2PError` of the kind `missing` if there is no contract, or one of another format.
        public init(folder: URL, units: MLComputeUnits = .all) throws {
            contract = try Contract(contentsOf: folder.appendingPathComponent("contract.json"))
            store = try ModelStore(folder: folder)
            self.units = units
        }

        public func load(_ graphs: [String]) async throws {
            for graph in graphs {
                _ = try await model(graph)
            }
        }

        public func oneShot(_ face: Picture) async throws -> [Float] {
            let model = try await model("one_shot")
            return try numbers("parameters", of: predict(model, ["face": MLFeatureValue(pixelBuffer: face.pixelBuffer())]))
        }

        public func describe(_ face: Picture) async throws -> Description {
            let model = try await model("describe")
            let found = try predict(model, ["face": MLFeatureValue(pixelBuffer: face.pixelBuffer())])
            return Description(identity: try numbers("identity", of: found), content: try numbers("content", of: found))
        }

        public func render(_ parameters: [Float]) async throws -> Picture {
            let model = try await model("render")
            let found = try predict(model, ["parameters": array(parameters, "parameters", of: model)])
            return Picture(planes: try numbers("image", of: found), edge: contract.imageSize)
        }

        public func step(_ step: Step, towards photo: Description, fast: Bool) async throws -> Stepped {
            let model = try await model(fast ? "step_fast" : "step")
            let tensors = [
                "currentState": step.state, "before": step.before, "identity": photo.identity, "content": photo.content,
                "locked": step.locked, "learningRate": [step.learningRate], "momentum": [step.momentum],
                "beta": [step.beta], "discreteRate": [step.discreteRate],
            ]
            // A schema without discrete groups has no use for the last two.
            let taken = model.modelDescription.inputDescriptionsByName
            var inputs: [String: MLFeatureValue] = [:]
            for (name, values) in tensors where taken[name] != nil {
                inputs[name] = try array(values, name, of: model)
            }
            let found = try predict(model, inputs)
            return Stepped(
                next: try numbers("nextState", of: found), loss: try numbers("loss", of: found)[0],
                lookahead: try numbers("lookahead", of: found))
        }

        public func compareFast(_ characters: [[Float]], with photo: Description) async throws -> Compared {
            let model = try await model("compare_fast")
            let found = try predict(
                model,
                [
                    "parameters": array(characters.flatMap { $0 }, "parameters", of: model),
                    "identity": array(photo.identity, "identity", of: model),
                    "content": array(photo.content, "content", of: model),
                ])
            return Compared(losses: try numbers("loss", of: found), contentLosses: try numbers("contentLoss", of: found))
        }

        /// Returns a graph's model, compiled and loaded.
        private func model(_ name: String) async throws -> MLModel {
            if let model = models[name] {
                return model
            }
            guard let graph = contract.graphs[name] else {
                throw F2PError(
                    .missing, "this package was made without the graph '\(name)': embed the artifact again with its mode")
            }
            let configuration = MLModelConfiguration()
            configuration.computeUnits = units
            if let function = graph.function {
                guard #available(iOS 18, macOS 15, *) else {
                    throw F2PError(.missing, "\(graph.package) has several functions: that needs iOS 18 or macOS 15")
                }
                configuration.functionName = function
            }
            let url = try await store.compiled(graph)
            let model: MLModel
            do {
                model = try MLModel(contentsOf: url, configuration: configuration)
            } catch {
                // A compiled copy that an update of the system left behind: once more, from the package.
                store.discard(graph, at: url)
                model = try loaded(try await store.compiled(graph), configuration, graph.package)
            }
            models[name] = model
            return model
        }

        private func loaded(_ url: URL, _ configuration: MLModelConfiguration, _ package: String) throws -> MLModel {
            do {
                return try MLModel(contentsOf: url, configuration: configuration)
            } catch {
                throw F2PError(.modelFailed, "Core ML cannot load \(package): \(error.localizedDescription)")
            }
        }

        /// Not `async`, so that Core ML's call of the same name that returns when it is done is the one that is made.
        private func predict(_ model: MLModel, _ inputs: [String: MLFeatureValue]) throws -> any MLFeatureProvider {
            do {
                return try model.prediction(from: MLDictionaryFeatureProvider(dictionary: inputs))
            } catch let error as F2PError {
                throw error
            } catch {
                throw F2PError(.modelFailed, "Core ML cannot compute: \(error.localizedDescription)")
            }
        }

        /// Returns an input of the shape that the model declares.
        private func array(_ values: [Float], _ name: String, of model: MLModel) throws -> MLFeatureValue {
            guard let shape = model.modelDescription.inputDescriptionsByName[name]?.multiArrayConstraint?.shape.map(\.intValue),
                shape.reduce(1, *) == values.count
            else {
                throw F2PError(.modelFailed, "the model does not take \(values.count) numbers as '\(name)'")
            }
            return MLFeatureValue(multiArray: MLMultiArray(MLShapedArray<Float>(scalars: values, shape: shape)))
        }

        /// Returns an output, which Core ML may have laid out with gaps.
        private func numbers(_ name: String, of found: any MLFeatureProvider) throws -> [Float] {
            guard let array = found.featureValue(for: name)?.multiArrayValue else {
                throw F2PError(.modelFailed, "the model gives no '\(name)'")
            }
            let values = MLShapedArray<Float>(converting: array).scalars
            guard values.allSatisfy(\.isFinite) else {
                throw F2PError(.modelFailed, "the model computed NaN or infinite values in '\(name)'")
            }
            return values
        }
    }
#endif
